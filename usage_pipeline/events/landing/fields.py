"""Reads the fields of lines in SQL: the common part of JSON lines and CSV records.

The SELECT has the fault of the whole line, the text of every field of the format, and the fields without a column.
`extract.py` casts the fields. Each step is a SELECT around the one before, because DuckDB computes a common
subexpression within CASE again each time.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable

from usage_pipeline.events.landing.lines import MAX_LINE_BYTES
from usage_pipeline.events.source_format import SourceFormat

META, PAYLOAD_META = "meta", "payload_meta"


class Fields(ABC):
    """The fields of a line, each a column of the SELECT `select`."""

    def __init__(self, source_format: SourceFormat, names: tuple[str, ...]) -> None:
        """Take the format and the names of the fields."""
        self._format = source_format
        self.names = names

    @property
    def numbering(self) -> tuple[str, ...]:
        """The columns that number the events of a line, where it may have several."""
        return ()

    def column(self, name: str) -> str:
        """Return the column with the text of a field; null if it is absent, JSON null or empty."""
        return f"field_{self.names.index(name)}"

    def list_column(self, path: str) -> str:
        """Return the column with the texts at a path through lists; one of them is null for what is no list."""
        return f"list_{self._format.read_lists.index(path)}"

    def select(self) -> str:
        """Return the SELECT over `lines` (file, line, raw, utf8).

        It has file, line, raw, the fault of the line, a column per field, and the columns of `metas`.
        """
        texts = [f"plain_text({self._value(name)}) AS {self.column(name)}" for name in self.names]
        texts += [f"{self._texts(path)} AS {self.list_column(path)}" for path in self._format.read_lists]
        metas = [f"{self._meta(name)} AS {name}" for name in self.metas]
        columns = ["file", "line", "raw", "line_fault", *self.numbering, *texts, *metas]
        return (
            f"SELECT {', '.join(columns)}\n"
            f"FROM (\n{self._parsed(_with_line_fault(self._lines(), self._faults()))}\n) AS parsed"
        )

    @property
    def metas(self) -> dict[str, tuple[str, ...]]:
        """The columns that collect the fields without a column, each with the fields that it drops."""
        payload = {PAYLOAD_META: delivered} if (delivered := self._format.raw_delivery_fields) else {}
        return {META: (), **payload}

    def _taken(self, meta: str) -> list[str]:
        """Return the fields of the format that are not in this one of `metas`."""
        delivery = set(self._format.raw_delivery_fields) - set(self.metas[meta]) - self._format.content_fields
        kept = delivery | self._format.kept_in_meta
        read = (*self._format.read_fields, *self._format.read_lists, *self._format.ignore)
        return [field for field in read if field not in kept]

    @abstractmethod
    def _meta(self, name: str) -> str:
        """Return the SQL of one of `metas`: a JSON object, or null without fields."""

    @abstractmethod
    def _lines(self) -> str:
        """Return the SQL of a table with file, line, raw, utf8 and the columns that `_faults` reads."""

    @abstractmethod
    def _faults(self) -> Iterable[tuple[str, str]]:
        """Yield tests of the whole line, each with its reject reason."""

    @abstractmethod
    def _parsed(self, sound: str) -> str:
        """Return the SELECT around `sound` that adds the columns that `_value` reads."""

    @abstractmethod
    def _value(self, name: str) -> str:
        """Return the SQL of a field's text."""

    @abstractmethod
    def _texts(self, path: str) -> str:
        """Return the SQL of the list of texts at a path through lists."""


def _with_line_fault(lines: str, own_faults: Iterable[tuple[str, str]]) -> str:
    # The inner test is slow, and a line that is short with its line end is short without it.
    is_long = f"CASE WHEN strlen(raw) > {MAX_LINE_BYTES} THEN strlen(line_text(raw)) > {MAX_LINE_BYTES} END"
    faults = [(is_long, "line_too_long"), ("NOT utf8", "not_utf8"), *own_faults]
    cases = " ".join(f"WHEN {test} THEN '{fault}'" for test, fault in faults)
    return (
        "SELECT *, CASE WHEN line_fault IS NULL THEN raw END AS sound\n"
        f"FROM (SELECT *, CASE {cases} END AS line_fault FROM {lines}) AS with_line_fault"
    )
