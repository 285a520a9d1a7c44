"""The JSON documents of events in SQL: from the sound lines to one column that the fields are read from.

Texts that are JSON are opened, long numbers of exact columns are put in quotes, and a line of several events is
divided. A format without these needs gets its lines as they are.
"""

import json
from collections.abc import Iterable

from usage_pipeline.events.format_paths import LINE
from usage_pipeline.events.format_values import list_paths, places
from usage_pipeline.events.landing.json_events import JsonEvents
from usage_pipeline.events.landing.json_paths import keys, last_keys
from usage_pipeline.events.record import FIELD_TYPES
from usage_pipeline.events.source_format import SourceFormat
from usage_pipeline.storage.engine import literal

_STRING = r'"(?:[^"\\]|\\.)*"'
_EMPTY_STRING = '""'
_LOOSE = r"(?i),\s*[}\]]|nan|inf"
# Each begins with letters, so it is searched for a dozen times as fast as the two together.
_LOOSE_WORDS = [rf"(?i){word}(?:[,}}\]\s]|$)" for word in ("nan", "inf(?:inity)?")]
_LOOSE_COMMA = r",\s*[}\]]"


class JsonDocuments:
    """The documents of a format: `whole` as written, and `exact` with long numbers in quotes."""

    def __init__(self, source_format: SourceFormat) -> None:
        """Take the format."""
        self._format = source_format
        self.around = [path for path in source_format.read_fields if path.startswith(LINE)]
        self.events = JsonEvents(source_format.each, self.around) if source_format.each else None

    @property
    def whole(self) -> str:
        """The column with the document as written."""
        return "exact" if self.events else self._line

    @property
    def _line(self) -> str:
        return "opened" if self._format.parse else "sound"

    def select(self, sound: str) -> str:
        """Return the SELECT that adds `exact` to the sound lines, or has a row for each event of them."""
        exact = f"SELECT *, {self._exact()} AS exact FROM (\n{self._opened(sound)}\n) AS whole"
        return self.events.select(exact) if self.events else exact

    def _opened(self, sound: str) -> str:
        """Return the SELECT that replaces texts that are JSON by what they say, one field after the other."""
        line, replaced = "sound", "*"
        for path in self._format.parse:
            sound = f"SELECT {replaced}, {self._opened_at(line, path)} AS opened FROM (\n{sound}\n) AS closed"
            line, replaced = "opened", "* EXCLUDE (opened)"
        return sound

    def _opened_at(self, line: str, path: str) -> str:
        """Return the SQL of a line in which the text of a field, if it is a JSON object or list, is that."""
        text = f"json_extract_string({line}, {literal(path)})"
        exact = quoted(text, paths) if (paths := self._exact_paths()) else text
        before = "".join(f"{{{json.dumps(key)}:" for key in keys(path))
        patch = f"{literal(before)} || {exact} || {literal('}' * len(keys(path)))}"
        is_json = f"regexp_matches({text}, '^\\s*[{{\\[]') AND NOT ({is_malformed_json(text)})"
        is_text = f"json_type({line}, {literal(path)}) = 'VARCHAR'"
        opened = f"CASE WHEN {is_json} THEN CAST(json_merge_patch({line}, {patch}) AS VARCHAR) ELSE {line} END"
        return f"CASE WHEN {is_text} THEN {opened} ELSE {line} END"

    def _exact(self) -> str:
        line, paths = self._line, self._exact_paths()
        if not paths:
            return line
        # One search per key, because a pattern that begins with fixed letters is found several times as fast.
        long = " OR ".join(f"regexp_matches({line}, {literal(_long_number([path]))})" for path in paths)
        return f"CASE WHEN {long} THEN {quoted(line, paths)} ELSE {line} END"

    def _exact_paths(self) -> list[str]:
        fields = self._format.fields.items()
        decimals = [value for name, value in fields if FIELD_TYPES[name].startswith("DECIMAL")]
        # An event is written anew when it is taken out of its line, so its times are quoted before, too.
        times = [paths for time, paths in self._format.notations if self._format.each and time.format.is_number]
        exact = (*map(places, decimals), *map(list_paths, decimals), *times)
        return [path for paths in exact for path in paths if last_keys(path)]


def quoted(line: str, paths: Iterable[str]) -> str:
    """Return the SQL of a line with long numbers in quotes, because DuckDB's JSON reader rounds them to a double.

    Only numbers after the keys of these paths change. Texts never do: within a JSON string the quotes of such a
    key are escaped.
    """
    return f"regexp_replace({line}, {literal(_long_number(paths))}, '\"\\1\"\\2\"\\3\"', 'g')"


def _long_number(paths: Iterable[str]) -> str:
    names = "|".join(sorted(pattern_of(key) for key in set[str]().union(*map(last_keys, paths))))
    return f'"({names})"(\\s*:\\s*)(-?[0-9][0-9.eE+-]{{15,}})'


def pattern_of(key: str) -> str:
    """Return the pattern that matches a key, whatever characters it has."""
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
