"""`TableSpec`: one declaration per table, read by everything that loops over tables.

The lake, the database, the checks, retention, lineage and the documentation all take a table's columns and roles
from its spec, so that a new table is described once.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from usage_pipeline.registry import NONE, Dimension, Metric

SCHEMA = "usage"
"""The schema of all tables in PostgreSQL."""


class Zone(StrEnum):
    """The place of a table's rows."""

    LAKE = "lake"
    ROLLUPS = "rollups"
    WAREHOUSE = "warehouse"


class PartitionedBy(StrEnum):
    """The day that a table is partitioned by: of a line's arrival, or of the event (UTC). State has none."""

    LANDING_DAY = "landing_day"
    EVENT_DAY = "event_day"
    NOTHING = "nothing"


class Term(StrEnum):
    """The retention term of a tenant's plan that applies to a table's rows."""

    RECORDS = "retention_days"
    CONTENT = "content_retention_days"
    KEPT = "kept"

    @property
    def meaning(self) -> str:
        """The term in words."""
        return "kept without limit" if self is Term.KEPT else f"{self} of the tenant's plan"


class Erasure(StrEnum):
    """What becomes of the rows of a tenant that is erased."""

    REMOVED = "removed"
    SUMMED = "summed"

    @property
    def meaning(self) -> str:
        """It in words."""
        return "removed" if self is Erasure.REMOVED else f"kept in sums of the tenant `{ERASED_TENANT}`"


ERASED_TENANT = "erased"
"""The tenant that keeps the sums of all erased ones."""


@dataclass(frozen=True)
class Column:
    """One column: DuckDB type, meaning and, for quantities, the unit."""

    name: str
    type: str
    description: str
    unit: str | None = None

    @property
    def meaning(self) -> str:
        """The description, with the unit where there is one."""
        return self.description + (f" Unit: {self.unit}." if self.unit else "")


@dataclass(frozen=True)
class TableSpec:
    """One table: its grain and columns, and what the database, retention, erasure and digests need to know.

    The defaults are those of a table of the state.
    """

    name: str
    description: str
    columns: tuple[Column, ...]
    zone: Zone = Zone.WAREHOUSE
    partitioned_by: PartitionedBy = PartitionedBy.NOTHING
    term: Term = Term.KEPT
    rules: tuple[str, ...] = ()
    """The rules that decide what its rows are and how they count: one to three sentences each, in Markdown."""
    undigested: frozenset[str] = field(default_factory=frozenset)
    """Columns that say where and when a row landed: the same facts landed elsewhere have the same digest."""
    key: tuple[str, ...] = ()
    """The primary key of a table in the warehouse."""
    nullable: frozenset[str] = field(default_factory=frozenset)
    """The columns of a table in the warehouse that may be null."""
    indexes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """The names of its indexes in the warehouse, and their columns."""
    erasure: Erasure | None = None
    """What becomes of the rows of an erased tenant, in a table of the state that has rows of tenants."""

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

    @property
    def tenant_column(self) -> str | None:
        """The column with the tenant's id, if the rows belong to one."""
        return "tenant_id" if "tenant_id" in self.column_names else None

    @property
    def member_column(self) -> str | None:
        """The column that holds ids of members: its own, or that of the values of all dimensions."""
        candidates = {"member_id": "member_id", "dimension": "value"}
        return next((column for name, column in candidates.items() if name in self.column_names), None)

    @property
    def of_erased(self) -> Erasure | None:
        """What becomes of the rows of an erased tenant; None if the table has no rows of tenants.

        Raises LookupError for a table of the state that does not say so.
        """
        if self.tenant_column is None:
            return None
        if self.partitioned_by is not PartitionedBy.NOTHING:
            return Erasure.SUMMED if self.term is Term.KEPT else Erasure.REMOVED
        if self.erasure is None:
            raise LookupError(f"{self.name} has rows of tenants, and does not say what erasure does with them.")
        return self.erasure

    @property
    def place(self) -> str:
        """Its folder in the data directory, or its name in the database."""
        return f"{SCHEMA}.{self.name}" if self.zone is Zone.WAREHOUSE else f"{self.zone}/{self.name}"

    def empty_select(self) -> str:
        """A SELECT without rows, with these columns and types."""
        return empty_select(self.columns)


def empty_select(columns: Iterable[Column]) -> str:
    """A SELECT without rows, with these columns and types."""
    casts = ", ".join(f'CAST(NULL AS {column.type}) AS "{column.name}"' for column in columns)
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


DAY_AND_TENANT = columns(("day", "DATE", "Event day, UTC."), ("tenant_id", "VARCHAR", "Tenant."))


def tenant_table(  # noqa: PLR0913 - the parts of a declaration
    name: str,
    description: str,
    rules: tuple[str, ...],
    *,
    keys: tuple[Column, ...] = (),
    values: tuple[Column, ...],
    nullable: frozenset[str] = frozenset(),
    index: tuple[str, ...] = ("tenant_id", "day"),
) -> TableSpec:
    """A table in the warehouse with one row per event day, tenant and `keys`."""
    key = (*DAY_AND_TENANT, *keys)
    return TableSpec(
        name=name,
        description=description,
        columns=(*key, *values),
        partitioned_by=PartitionedBy.EVENT_DAY,
        rules=rules,
        key=tuple(column.name for column in key),
        nullable=nullable,
        indexes=((f"ix_{name}_tenant_day", index),) if index else (),
    )
