"""Makes tables: adds up rows, and makes the lines that people see, whose parts always come to their total."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from usage_pipeline.billing.ledger.entries import exact
from usage_pipeline.reports.display import places_for, rounded, shown
from usage_pipeline.reports.model import Column, Line, Role, Table, Values


@dataclass(frozen=True)
class TableSpec:
    """The name, title and columns of a table. `most_lines` rows are shown; the others are one line."""

    name: str
    title: str
    about: str
    columns: tuple[Column, ...]
    most_lines: int | None = None

    def table(self, rows: Iterable[Sequence[Any]]) -> Table:
        """Return the table of these rows, without a total."""
        return self._table(tuple(map(tuple, rows)), None)

    def summed(self, rows: Iterable[Sequence[Any]], given: Mapping[str, object] | None = None) -> Table:
        """Return the table of these rows with their total; what does not add up has the given one."""
        found = tuple(map(tuple, rows))
        return self._table(found, self._sums(found, given or {}))

    def _table(self, rows: tuple[Values, ...], total: Values | None) -> Table:
        places = [self._places(rows, total, at) for at in range(len(self.columns))]
        is_cut = self.most_lines is not None and len(rows) > self.most_lines + 1
        listed, rest = (rows[: self.most_lines], rows[self.most_lines :]) if is_cut else (rows, ())
        others = self._sums(rest, {}) if rest else None
        lines = [Line(Role.ROW, self._cells(row, places)) for row in listed]
        if others:
            lines.append(self._labelled(Role.OTHERS, f"{len(rest):,} others", others, places))
        if total:
            lack = self._lack([*listed, *([others] if others else [])], total, places)
            if any(lack):
                lines.append(Line(Role.ROUNDING, ("Rounding", *self._differences(lack, places))))
            lines.append(self._labelled(Role.TOTAL, "Total", total, places))
        return Table(self.name, self.title, self.about, self.columns, rows, total, tuple(lines))

    def _places(self, rows: Sequence[Values], total: Values | None, at: int) -> int:
        """Return the decimal places of a column: by its total, else by its largest value."""
        return places_for([total[at]] if total and total[at] is not None else [row[at] for row in rows])

    def _sums(self, rows: Sequence[Values], given: Mapping[str, object]) -> Values:
        return tuple(
            _sum([row[at] for row in rows]) if column.adds_up else given.get(column.name)
            for at, column in enumerate(self.columns)
        )

    def _lack(self, parts: Sequence[Values], total: Values, places: Sequence[int]) -> Values:
        """Return what the rounded parts lack of the rounded total, by column; None where nothing."""
        return tuple(
            _lack([part[at] for part in parts], total[at], places[at])
            if column.adds_up and column.kind.is_rounded
            else None
            for at, column in enumerate(self.columns)
        )

    def _differences(self, lack: Values, places: Sequence[int]) -> list[str]:
        cells = zip(lack[1:], self._cells(lack, places)[1:], strict=True)
        return [cell if value else "" for value, cell in cells]

    def _labelled(self, role: Role, label: str, values: Values, places: Sequence[int]) -> Line:
        cells = zip(self._cells(values, places), values, self.columns, strict=True)
        shown_cells = ["" if value is None and not column.adds_up else cell for cell, value, column in cells]
        return Line(role, (label, *shown_cells[1:]))

    def _cells(self, row: Values, places: Sequence[int]) -> tuple[str, ...]:
        return tuple(
            shown(value, column.kind, place)
            for value, column, place in zip(row, self.columns, places, strict=True)
        )


def _sum(values: Iterable[Any]) -> Any:  # noqa: ANN401 - whole numbers or decimals
    """Return the sum of what is known; None if nothing is."""
    known = [value for value in values if value is not None]
    with exact():
        return sum(known[1:], known[0]) if known else None


def _lack(parts: Iterable[object], total: object, places: int) -> Decimal | None:
    if not isinstance(total, Decimal):
        return None
    with exact():
        shown_parts = [rounded(part, places) for part in parts if isinstance(part, Decimal)]
        return rounded(total, places) - sum(shown_parts, Decimal(0)) or None
