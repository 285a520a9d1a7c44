"""How a line becomes a list of field texts, as SQL: one class for JSON lines, one for CSV.

Both give the same: the fault that a line has as a whole, the text of any field of the mapping, and the
fields that no column takes. What a field means is in `extract.py`.
"""

import csv
import io
import json
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Collection

from usage_pipeline.errors import UnreadableFileError
from usage_pipeline.events.landing.lines import MAX_LINE_BYTES
from usage_pipeline.events.landing.strict_json import is_malformed_json
from usage_pipeline.events.mapping import Mapping
from usage_pipeline.events.mapping_parts import COUNTED_TIMES, Join, Place, places
from usage_pipeline.events.record import FIELD_TYPES
from usage_pipeline.storage.engine import literal

# Quotes are something special only where the field begins with one: 5" is a text as it stands.
_WHOLE_FIELD = r'(?:"(?:[^"]|"")*"|[^",][^,]*|)'


class Fields(ABC):
    """The fields of a line: one list `v` of texts per line, and the position of each field in it."""

    def __init__(self, mapping: Mapping, positions: tuple[str, ...]) -> None:
        """Take the mapping, and the fields in the order of the list."""
        self._mapping = mapping
        self._positions = positions

    def text(self, place: Place) -> str:
        """The SQL of the text in a place; null where it is absent, JSON null or empty."""
        texts = [f"plain_text(v[{self._positions.index(field) + 1}])" for field in places(place)]
        if isinstance(place, Join):
            # Escaped, so that ('a:b', 'c') and ('a', 'b:c') stay two texts.
            return " || ':' || ".join(f"replace(replace({text}, '%', '%25'), ':', '%3A')" for text in texts)
        return texts[0] if len(texts) == 1 else f"coalesce({', '.join(texts)})"

    def values_select(self) -> str:
        """Line, its text, its fault as a whole, its text if it has none (`sound`), and the list `v` of fields."""
        faults = [
            (f"octet_length(encode(trimmed)) > {MAX_LINE_BYTES}", "line_too_long"),
            ("NOT utf8", "not_utf8"),
            *self._faults(),
        ]
        cases = " ".join(f"WHEN {test} THEN '{fault}'" for test, fault in faults)
        return (
            f"SELECT *, CASE WHEN line_fault IS NULL THEN {self._values()} END AS v\n"
            "FROM (SELECT *, CASE WHEN line_fault IS NULL THEN trimmed END AS sound "
            f"FROM (SELECT line, trimmed, CASE {cases} END AS line_fault "
            "FROM (SELECT line, utf8, rtrim(raw, chr(10) || chr(13)) AS trimmed FROM lines) AS a) AS b) AS c"
        )

    @abstractmethod
    def meta(self, dropped: Collection[str]) -> str:
        """The SQL of the JSON object of all fields that no column takes, without the dropped; else null."""

    @abstractmethod
    def _faults(self) -> list[tuple[str, str]]:
        """Tests of the line as a whole, each with its reject reason."""

    @abstractmethod
    def _values(self) -> str:
        """The SQL of the list of field texts."""


class JsonFields(Fields):
    """Fields of JSON lines, by path."""

    def __init__(self, mapping: Mapping) -> None:
        """Read the paths that the mapping names."""
        super().__init__(mapping, mapping.read_fields)

    def meta(self, dropped: Collection[str]) -> str:
        """Remove the paths that are read from the line: what is left is the rest."""
        delivery = set(self._mapping.raw_delivery_fields) - set(dropped) - self._mapping.content_fields
        kept = delivery | self._mapping.kept_in_meta
        taken = [path for path in self._positions if path not in kept]
        rest = f"CAST(json_merge_patch(sound, {literal(_nulls_at(taken))}) AS VARCHAR)"
        for parent in _parents(taken):
            rest = _without_empty(rest, parent)
        return f"nullif({rest}, '{{}}')"

    def _faults(self) -> list[tuple[str, str]]:
        # What is JSON and begins with a brace is an object; `json_type` would read it all again.
        no_object = "NOT regexp_matches(trimmed, '^\\s*[{]')"
        return [(is_malformed_json("trimmed"), "malformed_json"), (no_object, "not_an_object")]

    def _values(self) -> str:
        paths = ", ".join(map(literal, self._positions))
        return f"json_extract_string({self._exact_text()}, [{paths}])"

    def _exact_text(self) -> str:
        """The line with long decimals in quotes: DuckDB's JSON reader would round them to a double.

        Only numbers behind the keys of decimal columns and counted times are touched. Within a JSON string
        the quotes of such a key would be escaped, so texts are never altered.
        """
        paths = [
            *(
                path
                for name, value in self._mapping.fields.items()
                if FIELD_TYPES[name].startswith("DECIMAL")
                for path in places(value)
            ),
            *(
                path
                for time in self._mapping.times.values()
                if time.format in COUNTED_TIMES
                for path in places(time.field)
            ),
        ]
        if not paths:
            return "trimmed"
        names = "|".join(_pattern_of(_keys(path)[-1]) for path in paths)
        pattern = f'"({names})"(\\s*:\\s*)(-?[0-9][0-9.eE+-]{{15,}})'
        return f"regexp_replace(trimmed, {literal(pattern)}, '\"\\1\"\\2\"\\3\"', 'g')"


class CsvFields(Fields):
    """Fields of CSV records, by the column that the header names."""

    def __init__(self, mapping: Mapping, header_line: str) -> None:
        """Read the header. Raises UnreadableFileError when it lacks a mapped column, or names one twice."""
        header = _header_names(header_line)
        missing = [field for field in mapping.read_fields if field not in header]
        if missing:
            raise UnreadableFileError(
                # Without what stands there: of a file without a header that would be a line of it.
                f"none of the {len(header)} columns of its header is {missing[0]!r}. "
                "Deliver the file with its header, or correct the mapping"
            )
        twice = [name for name, count in Counter(header).items() if count > 1]
        if twice:
            raise UnreadableFileError(
                f"its header names the column {twice[0]!r} twice; which of the two counts cannot be told. "
                "Deliver the file with a name for each column"
            )
        super().__init__(mapping, header)

    def meta(self, dropped: Collection[str]) -> str:
        """Collect the columns that are not read."""
        delivery = set(self._mapping.raw_delivery_fields) - self._mapping.content_fields
        kept = (delivery - set(dropped)) | self._mapping.kept_in_meta
        taken = set(self._mapping.read_fields) - kept
        rest = [name for name in self._positions if name not in taken]
        pairs = ", ".join(f"{literal(name)}, {self.text(name)}" for name in rest)
        return f"CAST(json_object({pairs}) AS VARCHAR)" if rest else "CAST(NULL AS VARCHAR)"

    def _faults(self) -> list[tuple[str, str]]:
        whole = f"regexp_full_match(trimmed, {literal(f'{_WHOLE_FIELD}(?:,{_WHOLE_FIELD})*')})"
        return [
            (f"CASE WHEN contains(trimmed, '\"') THEN NOT {whole} ELSE false END", "malformed_csv"),
            (f"len({self._values()}) <> {len(self._positions)}", "malformed_csv"),
        ]

    def _values(self) -> str:
        # With a comma before it every field begins with one, so that no match is empty.
        return (
            "CASE WHEN contains(trimmed, '\"') THEN list_transform("
            """regexp_extract_all(',' || trimmed, ',("(?:[^"]|"")*"|[^,]*)', 1), """
            """lambda field: CASE WHEN starts_with(field, '"') """
            """THEN replace(field[2:-2], '""', '"') ELSE field END) """
            "ELSE string_split(trimmed, ',') END"
        )


def _header_names(line: str) -> tuple[str, ...]:
    try:
        return tuple(name.strip() for name in next(csv.reader(io.StringIO(line, newline="")), []))
    except csv.Error:
        raise UnreadableFileError(
            "its first line is no CSV header; deliver the file with its header, or under the source it belongs to"
        ) from None


def _nulls_at(paths: list[str]) -> str:
    """A JSON merge patch that removes these paths."""
    patch: dict[str, object] = {}
    for path in paths:
        *outer, last = _keys(path)
        inner = patch
        for key in outer:
            child = inner.setdefault(key, {})
            if not isinstance(child, dict):
                break  # the whole object is removed already
            inner = child
        else:
            inner[last] = None
    return json.dumps(patch)


def _parents(paths: list[str]) -> list[str]:
    """The names of the objects that these paths lead through, innermost first."""
    depths = {key: depth for path in paths for depth, key in enumerate(_keys(path)[:-1])}
    return sorted(depths, key=lambda key: (-depths[key], key))


def _without_empty(text: str, key: str) -> str:
    """The SQL of a JSON text without `"key":{}`, which a merge patch leaves of an object that it empties."""
    name = _pattern_of(key)
    first = f"""regexp_replace({text}, {literal(f'([{{]"{name}":[{{][}}],?)')}, '{{', 'g')"""
    return f"""regexp_replace({first}, {literal(f',"{name}":[{{][}}]')}, '', 'g')"""


def _pattern_of(key: str) -> str:
    """A pattern that matches exactly this key."""
    return "".join(f"\\x{{{ord(char):x}}}" for char in key)


def _keys(path: str) -> list[str]:
    """The keys of a JSON path: `$.a."b.c"` has `a` and `b.c`."""
    return next(csv.reader([path.removeprefix("$.")], delimiter="."))
