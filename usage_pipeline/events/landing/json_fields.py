"""Reads the fields of JSON lines in SQL."""

import json
from collections.abc import Iterable

from usage_pipeline.events.format_values import places
from usage_pipeline.events.landing.fields import Fields
from usage_pipeline.events.landing.json_paths import Tree, add, inner_keys, keys, nulls_at
from usage_pipeline.events.record import FIELD_TYPES
from usage_pipeline.events.source_format import SourceFormat
from usage_pipeline.storage.engine import list_literal, literal

_STRING = r'"(?:[^"\\]|\\.)*"'
_EMPTY_STRING = '""'
_LOOSE = r"(?i),\s*[}\]]|nan|inf"
# Each begins with letters, so it is searched for a dozen times as fast as the two together.
_LOOSE_WORDS = [rf"(?i){word}(?:[,}}\]\s]|$)" for word in ("nan", "inf(?:inity)?")]
_LOOSE_COMMA = r",\s*[}\]]"


class JsonFields(Fields):
    """Fields of JSON lines, by path."""

    def __init__(self, source_format: SourceFormat) -> None:
        """Arrange the paths of the format in one structure, except those that do not fit into it."""
        super().__init__(source_format, source_format.read_fields)
        self._structure: Tree = {}
        # Of `$.error` and `$.error.code` the outer one fits: an object has a text, but a text has no fields.
        by_depth = sorted(self.names, key=lambda path: len(keys(path)))
        self._in_structure = [path for path in by_depth if add(self._structure, path)]

    def _lines(self) -> str:
        return "lines"

    def _faults(self) -> Iterable[tuple[str, str]]:
        yield is_malformed_json("raw"), "malformed_json"
        # JSON that begins with a brace is an object; `json_type` would parse the line again.
        yield "NOT starts_with(raw, '{') AND NOT regexp_matches(raw, '^\\s*[{]')", "not_an_object"

    def _parsed(self, sound: str) -> str:
        structure = literal(json.dumps(self._structure))
        rests = ", ".join(f"{self._rest(name)} AS {name}_rest" for name in self.metas)
        exact = f"SELECT *, {self._exact()} AS exact FROM (\n{sound}\n) AS whole"
        values = f"SELECT *, json_transform(exact, {structure}) AS v FROM (\n{exact}\n) AS exact_lines"
        return f"SELECT *, {rests} FROM (\n{values}\n) AS with_values"

    def _value(self, name: str) -> str:
        if name not in self._in_structure:
            return self._beside_structure(name)
        value = self._in_v(name)
        if name not in self._epoch_times():
            return value
        # Whole numbers are exact; others were converted to a double.
        is_rounded = f"contains({value}, '.') OR contains({value}, 'e') OR contains({value}, 'E')"
        return (
            f"CASE WHEN {is_rounded} THEN json_extract_string({_quoted([name])}, {literal(name)}) ELSE {value} END"
        )

    def _beside_structure(self, name: str) -> str:
        found = f"json_extract_string(exact, {literal(name)})"
        outer = next((path for path in self._in_structure if name.startswith(f"{path}.")), None)
        # Only lines with an object there, which are few, are parsed again.
        return f"CASE WHEN starts_with({self._in_v(outer)}, '{{') THEN {found} END" if outer else found

    def _in_v(self, path: str) -> str:
        return ".".join(["v", *(f'"{key}"' for key in keys(path))])

    def _rest(self, name: str) -> str:
        """Return the SQL of the line without mapped paths; null if nothing is left."""
        taken = self._taken(name)
        rest = f"CAST(json_merge_patch(sound, {literal(json.dumps(nulls_at(taken)))}) AS VARCHAR)"
        outer = {keys(path)[0] for path in self.names}
        whole = [key for path in taken for key, *inner in [keys(path)] if not inner]
        if len(whole) < len(outer):
            return rest  # nearly every line has something left in one of the objects
        # A look at the keys takes a third of the time of building the rest, which few lines have.
        unknown = f"list_filter(json_keys(sound), lambda key: NOT list_contains({list_literal(whole)}, key))"
        return f"CASE WHEN len({unknown}) > 0 THEN {rest} END"

    def _meta(self, name: str) -> str:
        rest = f"{name}_rest"
        clean = rest
        for key in inner_keys(self.names):
            clean = _without_empty(clean, key)
        return f"CASE WHEN contains({rest}, '{{}}') THEN nullif({clean}, '{{}}') ELSE {rest} END"

    def _exact(self) -> str:
        """Return the SQL of the line with the long decimals of exact columns in quotes."""
        decimals = [
            value for name, value in self._format.fields.items() if FIELD_TYPES[name].startswith("DECIMAL")
        ]
        paths = [path for value in decimals for path in places(value)]
        if not paths:
            return "sound"
        # One search per key, because a pattern that begins with fixed letters is found several times as fast.
        long = " OR ".join(f"regexp_matches(sound, {literal(_long_number([path]))})" for path in paths)
        return f"CASE WHEN {long} THEN {_quoted(paths)} ELSE sound END"

    def _epoch_times(self) -> set[str]:
        return {path for time, paths in self._format.notations if time.format.is_number for path in paths}


def _quoted(paths: Iterable[str]) -> str:
    """Return the SQL of a line with long numbers in quotes, because DuckDB's JSON reader rounds them to a double.

    Only numbers after the keys of these paths change. Texts never do: within a JSON string the quotes of such a
    key are escaped.
    """
    return f"regexp_replace(sound, {literal(_long_number(paths))}, '\"\\1\"\\2\"\\3\"', 'g')"


def _long_number(paths: Iterable[str]) -> str:
    names = "|".join(sorted({_pattern_of(keys(path)[-1]) for path in paths}))
    return f'"({names})"(\\s*:\\s*)(-?[0-9][0-9.eE+-]{{15,}})'


def _without_empty(text: str, key: str) -> str:
    """Return the SQL that removes `"key":{}`, which a merge patch leaves of an object that it empties."""
    name = _pattern_of(key)
    first = f"""regexp_replace({text}, {literal(f'([{{]"{name}":[{{][}}],?)')}, '{{', 'g')"""
    return f"""regexp_replace({first}, {literal(f',"{name}":[{{][}}]')}, '', 'g')"""


def _pattern_of(key: str) -> str:
    return "".join(f"\\x{{{ord(char):x}}}" for char in key)


def is_malformed_json(text: str) -> str:
    """Return the SQL that tests whether a text is not JSON by RFC 8259.

    DuckDB's reader also takes commas after the last element, NaN and infinity. It is stricter in one thing: an
    escaped surrogate without its other half is an error. A quick search finds nothing in nearly every line; only
    the others are searched again without their strings, which may contain all this.
    """
    without_texts = f"regexp_replace({text}, {literal(_STRING)}, {literal(_EMPTY_STRING)}, 'g')"
    quick = " OR ".join(_matches(text, pattern) for pattern in (*_LOOSE_WORDS, _LOOSE_COMMA))
    return f"NOT json_valid({text}) OR CASE WHEN {quick} THEN {_matches(without_texts, _LOOSE)} ELSE false END"


def _matches(text: str, pattern: str) -> str:
    return f"regexp_matches({text}, {literal(pattern)})"
