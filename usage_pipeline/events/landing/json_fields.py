"""The fields of a JSON line, as SQL."""

import json
from collections.abc import Iterable

from usage_pipeline.events.format_parts import COUNTED_TIMES, places
from usage_pipeline.events.landing.fields import Fields
from usage_pipeline.events.landing.json_paths import Tree, add, inner_keys, keys, nulls_at
from usage_pipeline.events.landing.strict_json import is_malformed_json
from usage_pipeline.events.record import FIELD_TYPES
from usage_pipeline.events.source_format import SourceFormat
from usage_pipeline.storage.engine import list_literal, literal


class JsonFields(Fields):
    """Fields of JSON lines, by path."""

    def __init__(self, source_format: SourceFormat) -> None:
        """Arrange the paths that the format names as one structure, as far as they fit into one."""
        super().__init__(source_format, source_format.read_fields)
        self._structure: Tree = {}
        # Of `$.error` and `$.error.code` the outer one: an object has a text, but no text has fields.
        by_depth = sorted(self.names, key=lambda path: len(keys(path)))
        self._in_structure = [path for path in by_depth if add(self._structure, path)]

    def _lines(self) -> str:
        return "lines"

    def _faults(self) -> Iterable[tuple[str, str]]:
        yield is_malformed_json("raw"), "malformed_json"
        # What is JSON and begins with a brace is an object; `json_type` would read it all again.
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
        if name not in self._counted_times():
            return value
        # Whole numbers are exact; any other has been through a double.
        is_rounded = f"contains({value}, '.') OR contains({value}, 'e') OR contains({value}, 'E')"
        return (
            f"CASE WHEN {is_rounded} THEN json_extract_string({_quoted([name])}, {literal(name)}) ELSE {value} END"
        )

    def _beside_structure(self, name: str) -> str:
        found = f"json_extract_string(exact, {literal(name)})"
        outer = next((path for path in self._in_structure if name.startswith(f"{path}.")), None)
        # It would be parsed again in every line: few have an object there.
        return f"CASE WHEN starts_with({self._in_v(outer)}, '{{') THEN {found} END" if outer else found

    def _in_v(self, path: str) -> str:
        return ".".join(["v", *(f'"{key}"' for key in keys(path))])

    def _rest(self, name: str) -> str:
        """The SQL of the line without the paths that columns take; null where that leaves nothing."""
        delivery = set(self._format.raw_delivery_fields) - set(self.metas[name]) - self._format.content_fields
        kept = delivery | self._format.kept_in_meta
        taken = [path for path in self.names if path not in kept]
        rest = f"CAST(json_merge_patch(sound, {literal(json.dumps(nulls_at(taken)))}) AS VARCHAR)"
        outer = {keys(path)[0] for path in self.names}
        whole = [key for path in taken for key, *inner in [keys(path)] if not inner]
        if len(whole) < len(outer):
            return rest  # of one of the objects something is left in nearly every line
        # Looking at the keys costs a third of building the rest, which few lines have.
        unknown = f"list_filter(json_keys(sound), lambda key: NOT list_contains({list_literal(whole)}, key))"
        return f"CASE WHEN len({unknown}) > 0 THEN {rest} END"

    def _meta(self, name: str) -> str:
        rest = f"{name}_rest"
        clean = rest
        for key in inner_keys(self.names):
            clean = _without_empty(clean, key)
        return f"CASE WHEN contains({rest}, '{{}}') THEN nullif({clean}, '{{}}') ELSE {rest} END"

    def _exact(self) -> str:
        """The line with the long decimals of exact columns in quotes."""
        paths = [
            path for name, value in self._format.fields.items() if _is_decimal(name) for path in places(value)
        ]
        if not paths:
            return "sound"
        # One search for each key: a pattern that begins with fixed letters is found several times as fast.
        long = " OR ".join(f"regexp_matches(sound, {literal(_long_number([path]))})" for path in paths)
        return f"CASE WHEN {long} THEN {_quoted(paths)} ELSE sound END"

    def _counted_times(self) -> set[str]:
        times = self._format.times.values()
        return {path for time in times if time.format in COUNTED_TIMES for path in places(time.field)}


def _is_decimal(column: str) -> bool:
    return FIELD_TYPES[column].startswith("DECIMAL")


def _quoted(paths: Iterable[str]) -> str:
    """The SQL of a line with long numbers in quotes: DuckDB's JSON reader would round them to a double.

    Only numbers behind the keys of these paths are touched. Within a JSON string the quotes of such a key would
    be escaped, so texts are never altered.
    """
    return f"regexp_replace(sound, {literal(_long_number(paths))}, '\"\\1\"\\2\"\\3\"', 'g')"


def _long_number(paths: Iterable[str]) -> str:
    names = "|".join(sorted({_pattern_of(keys(path)[-1]) for path in paths}))
    return f'"({names})"(\\s*:\\s*)(-?[0-9][0-9.eE+-]{{15,}})'


def _without_empty(text: str, key: str) -> str:
    """The SQL of a JSON text without `"key":{}`, which a merge patch leaves of an object that it empties."""
    name = _pattern_of(key)
    first = f"""regexp_replace({text}, {literal(f'([{{]"{name}":[{{][}}],?)')}, '{{', 'g')"""
    return f"""regexp_replace({first}, {literal(f',"{name}":[{{][}}]')}, '', 'g')"""


def _pattern_of(key: str) -> str:
    """A pattern that matches exactly this key."""
    return "".join(f"\\x{{{ord(char):x}}}" for char in key)
