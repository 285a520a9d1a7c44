"""Reads the fields of CSV records in SQL."""

import csv
import io
from collections import Counter
from collections.abc import Iterable

from usage_pipeline.errors import UnreadableFileError
from usage_pipeline.events.landing.fields import Fields
from usage_pipeline.events.source_format import SourceFormat
from usage_pipeline.storage.engine import literal

# Quotes are special only in a field that begins with one: 5" is a plain text.
_WHOLE_FIELD = r'(?:"(?:[^"]|"")*"|[^",][^,]*|)'


class CsvFields(Fields):
    """Fields of CSV records, by the columns of the header."""

    def __init__(self, source_format: SourceFormat, header_line: str) -> None:
        """Read the header. Raises UnreadableFileError if it lacks a mapped column, or names one twice."""
        header = _header_names(header_line)
        missing = [field for field in source_format.read_fields if field not in header]
        if missing:
            raise UnreadableFileError(
                # Without the header: in a file without one, it is a line of data.
                f"none of the {len(header)} columns of its header is {missing[0]!r}. "
                "Deliver the file with its header, or correct the format"
            )
        twice = [name for name, count in Counter(header).items() if count > 1]
        if twice:
            raise UnreadableFileError(
                f"its header names the column {twice[0]!r} twice; which of the two counts cannot be told. "
                "Deliver the file with a name for each column"
            )
        super().__init__(source_format, header)

    def _meta(self, name: str) -> str:
        taken = set(self._taken(name))
        rest = [field for field in self.names if field not in taken]
        pairs = ", ".join(f"{literal(field)}, plain_text({self._value(field)})" for field in rest)
        return f"CAST(json_object({pairs}) AS VARCHAR)" if rest else "CAST(NULL AS VARCHAR)"

    def _lines(self) -> str:
        # With a comma before the line every field begins with one, so that no match is empty.
        values = (
            "CASE WHEN contains(text, '\"') THEN list_transform("
            """regexp_extract_all(',' || text, ',("(?:[^"]|"")*"|[^,]*)', 1), """
            """lambda field: CASE WHEN starts_with(field, '"') """
            """THEN replace(field[2:-2], '""', '"') ELSE field END) """
            "ELSE string_split(text, ',') END"
        )
        texts = "SELECT *, line_text(raw) AS text FROM lines"
        return f"(SELECT *, {values} AS field_values FROM ({texts}) AS texts) AS divided"

    def _faults(self) -> Iterable[tuple[str, str]]:
        whole = f"regexp_full_match(text, {literal(f'{_WHOLE_FIELD}(?:,{_WHOLE_FIELD})*')})"
        yield f"CASE WHEN contains(text, '\"') THEN NOT {whole} ELSE false END", "malformed_csv"
        yield f"len(field_values) <> {len(self.names)}", "malformed_csv"

    def _parsed(self, sound: str) -> str:
        return f"SELECT *, CASE WHEN line_fault IS NULL THEN field_values END AS sound_values FROM ({sound}) AS c"

    def _value(self, name: str) -> str:
        return f"sound_values[{self.names.index(name) + 1}]"

    def _texts(self, path: str) -> str:
        raise NotImplementedError(path)  # a format of CSV files has no such path


def _header_names(line: str) -> tuple[str, ...]:
    try:
        return tuple(name.strip() for name in next(csv.reader(io.StringIO(line, newline="")), []))
    except csv.Error:
        raise UnreadableFileError(
            "its first line is no CSV header; deliver the file with its header, or under the source it belongs to"
        ) from None
