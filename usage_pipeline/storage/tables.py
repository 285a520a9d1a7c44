"""`TableSpec`: one declaration per table, read by everything that loops over tables.

The lake, the checks, retention, lineage and the documentation all take a table's columns and roles from
its spec, so that a new table is described once.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from usage_pipeline.registry import NONE, Dimension, Metric


class Zone(StrEnum):
    """Where a table's partitions lie."""

    LAKE = "lake"
    ROLLUPS = "rollups"
    WAREHOUSE = "warehouse"


class PartitionedBy(StrEnum):
    """Which day a table is partitioned by: when a line arrived, or when the event happened (UTC)."""

    LANDING_DAY = "landing_day"
    EVENT_DAY = "event_day"


class Term(StrEnum):
    """Which retention term of a tenant's plan applies to a table's rows."""

    RECORDS = "retention_days"
    CONTENT = "content_retention_days"
    KEPT = "kept"


@dataclass(frozen=True)
class Column:
    """One column: DuckDB type, meaning and, for quantities, the unit."""

    name: str
    type: str
    description: str
    unit: str | None = None


@dataclass(frozen=True)
class TableSpec:
    """One table: its grain and columns, and what retention, erasure and digests need to know of it."""

    name: str
    description: str
    zone: Zone
    partitioned_by: PartitionedBy
    columns: tuple[Column, ...]
    term: Term
    rules: tuple[str, ...] = ()
    """The rules that decide what its rows are and how they count: one to three sentences each, in Markdown."""
    undigested: frozenset[str] = field(default_factory=frozenset)
    """Columns that say where and when a row landed: the same facts landed elsewhere have the same digest."""

    @property
    def digested(self) -> tuple[str, ...]:
        """The columns whose values the digest covers, in order."""
        return tuple(column.name for column in self.columns if column.name not in self.undigested)

    @property
    def column_names(self) -> tuple[str, ...]:
        """All columns, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def day_column(self) -> str:
        """The column that says which day's partition a row of the table's SELECT is of."""
        return "day" if "day" in self.column_names else self.partitioned_by

    def empty_select(self) -> str:
        """A SELECT without rows, with these columns and types."""
        casts = ", ".join(f'CAST(NULL AS {column.type}) AS "{column.name}"' for column in self.columns)
        return f"SELECT {casts} WHERE false"


def columns(*rows: Iterable[str | None]) -> tuple[Column, ...]:
    """Columns from rows of (name, type, description[, unit])."""
    return tuple(Column(*row) for row in rows)  # type: ignore[arg-type]  # rows hold three or four strings


def dimension_columns(dimensions: Iterable[Dimension]) -> tuple[Column, ...]:
    """A column for each dimension, as cubes have it."""
    return tuple(Column(entry.name, "VARCHAR", f"{entry.description}, or {NONE}.") for entry in dimensions)


def metric_columns(metrics: Iterable[Metric]) -> tuple[Column, ...]:
    """A column for each metric."""
    return tuple(Column(entry.name, "BIGINT", entry.description, entry.unit) for entry in metrics)
