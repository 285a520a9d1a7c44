"""How a line becomes texts of fields, as SQL: what JSON lines and CSV records have in common.

Either gives the same: the fault that a line has as a whole, the text of every field of the format, and the
fields that no column takes. What a field means is in `extract.py`.

Each step is a SELECT of its own around the one before: what a later step names several times is then computed
once. DuckDB finds no common subexpressions within CASE.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable

from usage_pipeline.events.format_parts import Join, Place, places
from usage_pipeline.events.landing.lines import MAX_LINE_BYTES
from usage_pipeline.events.source_format import SourceFormat

META, PAYLOAD_META = "meta", "payload_meta"


class Fields(ABC):
    """The fields of a line: each is a column of the SELECT `select`."""

    def __init__(self, source_format: SourceFormat, names: tuple[str, ...]) -> None:
        """Take the format, and the names of the fields as it has them."""
        self._format = source_format
        self.names = names

    def text(self, place: Place) -> str:
        """The SQL of the text in a place; null where it is absent, JSON null or empty."""
        texts = [self._column(field) for field in places(place)]
        if isinstance(place, Join):
            # Escaped, so that ('a:b', 'c') and ('a', 'b:c') stay two texts.
            return " || ':' || ".join(f"replace(replace({text}, '%', '%25'), ':', '%3A')" for text in texts)
        return texts[0] if len(texts) == 1 else f"coalesce({', '.join(texts)})"

    def select(self) -> str:
        """The SELECT over `lines` (file, line, raw, utf8).

        It gives file, line, raw, its fault as a whole, a column for each field, and the columns of `metas`.
        """
        texts = [f"plain_text({self._value(name)}) AS {self._column(name)}" for name in self.names]
        metas = [f"{self._meta(name)} AS {name}" for name in self.metas]
        return (
            f"SELECT file, line, raw, line_fault, {', '.join([*texts, *metas])}\n"
            f"FROM (\n{self._parsed(_with_line_fault(self._lines(), self._faults()))}\n) AS parsed"
        )

    def _column(self, name: str) -> str:
        return f"field_{self.names.index(name)}"

    @property
    def metas(self) -> dict[str, tuple[str, ...]]:
        """The columns that collect the fields which no other column takes, with those that each drops."""
        payload = {PAYLOAD_META: delivered} if (delivered := self._format.raw_delivery_fields) else {}
        return {META: (), **payload}

    @abstractmethod
    def _meta(self, name: str) -> str:
        """The SQL of one of `metas`: a JSON object, or null where there is no such field."""

    @abstractmethod
    def _lines(self) -> str:
        """The SQL of a table with file, line, raw, utf8 and whatever `_faults` reads."""

    @abstractmethod
    def _faults(self) -> Iterable[tuple[str, str]]:
        """Tests of the line as a whole, each with its reject reason."""

    @abstractmethod
    def _parsed(self, sound: str) -> str:
        """The SELECT that adds to this one what `_value` reads."""

    @abstractmethod
    def _value(self, name: str) -> str:
        """The SQL of a field's text."""


def _with_line_fault(lines: str, own_faults: Iterable[tuple[str, str]]) -> str:
    # What is short with its line end is short without it, too.
    is_long = f"CASE WHEN strlen(raw) > {MAX_LINE_BYTES} THEN strlen(line_text(raw)) > {MAX_LINE_BYTES} END"
    faults = [
        (is_long, "line_too_long"),
        ("NOT utf8", "not_utf8"),
        *own_faults,
    ]
    cases = " ".join(f"WHEN {test} THEN '{fault}'" for test, fault in faults)
    return (
        "SELECT *, CASE WHEN line_fault IS NULL THEN raw END AS sound\n"
        f"FROM (SELECT *, CASE {cases} END AS line_fault FROM {lines}) AS with_line_fault"
    )
