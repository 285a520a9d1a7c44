"""What a report says: tables of exact values, each with the texts that people see of it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from usage_pipeline.reports.display import Kind
from usage_pipeline.reports.scope import ReportScope

Values = tuple[Any, ...]
"""The values of a row, one for each column."""


@dataclass(frozen=True)
class Column:
    """A column: its name for programs, its label for people, and what it holds."""

    name: str
    label: str
    kind: Kind
    adds_up: bool = False
    """Whether the sum of its rows is the total of the table."""


class Role(StrEnum):
    """What a shown line is."""

    ROW = "row"
    OTHERS = "others"
    """The sum of the rows that are not shown, because they are many."""
    ROUNDING = "rounding"
    """What the rounded parts lack of the rounded total."""
    TOTAL = "total"


@dataclass(frozen=True)
class Line:
    """A line of a table as people see it."""

    role: Role
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """Rows of exact values, their total, and the lines that people see of them."""

    name: str
    title: str
    about: str
    """A sentence on what it shows."""
    columns: tuple[Column, ...]
    rows: tuple[Values, ...]
    total: Values | None
    """None of a table without one. Columns that do not add up have None, unless their total was given."""
    lines: tuple[Line, ...]

    def column(self, name: str) -> list[Any]:
        """Return the values of a column."""
        place = [column.name for column in self.columns].index(name)
        return [row[place] for row in self.rows]


@dataclass(frozen=True)
class Report:
    """All that a report says."""

    scope: ReportScope
    title: str
    facts: tuple[tuple[str, str], ...]
    """What it is about and made from, by name: tenant, period, filters, versions."""
    notes: tuple[str, ...]
    """What a reader has to know of the numbers, in sentences."""
    tables: tuple[Table, ...]
    data_version: str
    """A digest of its numbers."""

    def table(self, name: str) -> Table | None:
        """Return a table; None if the report does not have it."""
        return next((table for table in self.tables if table.name == name), None)
