"""Pruned and erased tenants: how far their records are gone, and the rows of rollups that must outlive them.

What is pruned or erased is decided in `retention/`. As soon as `pruned_tenants` says so, records count as gone
here, whether their rows have been removed or not.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from duckdb import DuckDBPyConnection
from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.postgresql import insert

from usage_pipeline.errors import PartitionError
from usage_pipeline.registry import NONE
from usage_pipeline.settings import Settings
from usage_pipeline.storage.digests import keyed_digest
from usage_pipeline.storage.engine import literal, parquet_scan, shared_columns
from usage_pipeline.storage.lake import Lake
from usage_pipeline.storage.rows import register_rows
from usage_pipeline.storage.schema import erased_tenants, one_of, pruned_tenants, warehouse_table
from usage_pipeline.storage.state import Partition
from usage_pipeline.storage.tables import Column, TableSpec, Zone, columns

_COLUMNS = columns(("tenant_id", "VARCHAR", "Tenant."), ("first_kept", "DATE", "First day that is kept."))


def first_kept_days(connection: Connection, first: date | None = None) -> dict[str, date]:
    """Return the first day that is kept of each tenant that has lost records, of days from `first` on if given."""
    query = select(pruned_tenants)
    if first is not None:
        query = query.where(pruned_tenants.c.first_kept > first)
    return {tenant: day for tenant, day in connection.execute(query)}  # noqa: C416 - rows are no pairs for `dict`


def raise_first_kept(connection: Connection, first_kept: Mapping[str, date]) -> None:
    """Let the records of tenants before these days be pruned. A day earlier than the known one changes nothing."""
    if not first_kept:
        return
    statement = insert(pruned_tenants)
    latest = func.greatest(pruned_tenants.c.first_kept, statement.excluded.first_kept)
    connection.execute(
        statement.on_conflict_do_update(index_elements=["tenant_id"], set_={"first_kept": latest}),
        [{"tenant_id": tenant, "first_kept": day} for tenant, day in sorted(first_kept.items())],
    )


def tenant_digest(settings: Settings, tenant_id: str) -> str:
    """The keyed digest by which an erased tenant is known."""
    return keyed_digest(settings, "tenant", tenant_id)


def erased_first_kept(connection: Connection) -> dict[str, date]:
    """Return the first day that lands again of each erased tenant, by its digest."""
    rows = connection.execute(select(erased_tenants.c.tenant_digest, erased_tenants.c.first_kept))
    return {digest: day for digest, day in rows}  # noqa: C416 - rows are no pairs for `dict`


def mark_erased(connection: Connection, digest: str, first_kept: date) -> None:
    """Note that a tenant is erased: from this day on it begins anew."""
    statement = insert(erased_tenants).values(tenant_digest=digest, first_kept=first_kept)
    latest = func.greatest(erased_tenants.c.first_kept, statement.excluded.first_kept)
    connection.execute(
        statement.on_conflict_do_update(index_elements=["tenant_digest"], set_={"first_kept": latest})
    )


@dataclass(frozen=True)
class PrunedTenants:
    """The tenants that have lost records of some days, for the statements of one session."""

    first_kept: Mapping[str, date]

    @classmethod
    def of_days(cls, connection: Connection, days: Collection[date]) -> "PrunedTenants":
        """Find them."""
        return cls(first_kept_days(connection, min(days)) if days else {})

    @classmethod
    def on(cls, connection: Connection, duck: DuckDBPyConnection, days: Collection[date]) -> "PrunedTenants":
        """Find them, and make them readable if there are any."""
        found = cls.of_days(connection, days)
        if found.first_kept:
            found.register(duck)
        return found

    def register(self, duck: DuckDBPyConnection) -> None:
        """Make them readable as `pruned_tenants`."""
        register_rows(duck, "pruned_tenants", _COLUMNS, self.first_kept.items())

    def kept(self, rows: str, day: str = "event_day") -> str:
        """Return the relation of the rows of another that are not pruned; the tenants must be readable."""
        # NOT EXISTS would say the same, but DuckDB keeps the whole rows aside for it.
        condition = f'first_kept IS NULL OR landed."{day}" >= first_kept'
        return f"({self._joined(rows)} WHERE {condition})" if self.first_kept else rows

    def gone(self, rows: str, day: str) -> str:
        """Return the relation of those that are."""
        return f'({self._joined(rows)} WHERE landed."{day}" < first_kept)'

    @staticmethod
    def _joined(rows: str) -> str:
        return f"SELECT landed.* FROM {rows} AS landed LEFT JOIN pruned_tenants USING (tenant_id)"

    @cached_property
    def end(self) -> date:
        """Return the day after the last one of which anything is pruned."""
        return max(self.first_kept.values(), default=date.min)


def register_outliving(  # noqa: PLR0913, PLR0917 - what a table's stored rows are read with
    spec: TableSpec,
    pruned: PrunedTenants,
    lake: Lake,
    connection: Connection,
    duck: DuckDBPyConnection,
    known: Mapping[date, Partition],
    days: Iterable[date],
) -> str:
    """Make the rows that a table has of pruned tenants readable, and return the relation of them.

    Raises PartitionError when they are lost: nothing that is left could make them again.
    """
    affected = [day for day in sorted(days) if day < pruned.end and day in known and known[day].version]
    if not affected:
        return f"({spec.empty_select()})"
    if spec.zone is Zone.WAREHOUSE:
        stored = warehouse_table(spec).c
        query = select(*stored).where(stored.day.in_(affected), one_of(stored.tenant_id, pruned.first_kept))
        register_rows(duck, "stored_rows", spec.columns, connection.execute(query).all())
        source = "stored_rows"
    else:
        source = _stored_objects(spec, lake, duck, affected)
    return pruned.gone(source, spec.day_column)


def _stored_objects(spec: TableSpec, lake: Lake, duck: DuckDBPyConnection, days: Iterable[date]) -> str:
    objects = {day: lake.object(spec, day) for day in days}
    for day, path in objects.items():
        if not lake.exists(path):
            raise PartitionError(
                f"{spec.name} of {day} is gone from the rollups, and records that it was made of are pruned. "
                "Restore it from your backup of data/rollups; nothing else has these numbers."
            )
    known = shared_columns(duck, objects.values())
    names = ", ".join(_stored(column, known) for column in spec.columns)
    rows = f"FROM {parquet_scan(objects.values(), 'union_by_name = true')}"
    return f"(SELECT {names} FROM ({spec.empty_select()} UNION ALL BY NAME {rows}))"


def _stored(column: Column, known: Collection[str]) -> str:
    """Return a column of stored rows; a dimension that came later has no value there, a metric is unknown."""
    if column.name in known or column.type != "VARCHAR":
        return f'"{column.name}"'
    return f'coalesce("{column.name}", {literal(NONE)}) AS "{column.name}"'
