"""The rows of the ledger: reading them, summing them, adding to them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

from sqlalchemy import Connection, Date, cast, func, select

from usage_pipeline.billing.ledger.entries import NO_GRANT, NOTHING, Entry, EntryKind, exact
from usage_pipeline.billing.ledger.tables import CREDIT_LEDGER
from usage_pipeline.storage.schema import one_of, warehouse_table
from usage_pipeline.storage.warehouse import copy_rows

credit_ledger = warehouse_table(CREDIT_LEDGER)

Key = tuple[str, EntryKind, str, datetime]
"""Tenant, kind, grant and instant: what the ledger has one sum for."""


def posted_sums(connection: Connection, tenant_ids: Collection[str]) -> Iterator[tuple[Key, Decimal]]:
    """Yield the sums of these tenants, each tenant's in the order of time."""
    columns = credit_ledger.c
    key = (columns.tenant_id, columns.kind, columns.grant_id, columns.effective_at)
    query = select(*key, func.sum(columns.amount)).where(one_of(columns.tenant_id, tenant_ids)).group_by(*key)
    query = query.order_by(columns.tenant_id, columns.effective_at, columns.kind, columns.grant_id)
    for tenant_id, kind, grant_id, at, amount in connection.execute(query):
        yield (tenant_id, EntryKind(kind), grant_id, at.astimezone(UTC)), amount or NOTHING


def append(connection: Connection, sums: Mapping[Key, Decimal], now: datetime) -> int:
    """Add a row for each sum, in their order, and return the number of rows."""
    rows = [(tenant, kind.value, grant, at, amount, now) for (tenant, kind, grant, at), amount in sums.items()]
    copy_rows(connection, CREDIT_LEDGER, CREDIT_LEDGER.column_names[1:], rows)
    return len(rows)


def read_ledger(connection: Connection, tenant_id: str, until: datetime) -> list[tuple[int, Entry, datetime]]:
    """Return the rows of a tenant up to an instant, in the order of posting: id, entry and time of posting."""
    columns = credit_ledger.c
    query = select(credit_ledger).where(columns.tenant_id == tenant_id, columns.effective_at <= until)
    return [
        (
            row.id,
            Entry(EntryKind(row.kind), row.grant_id, row.effective_at.astimezone(UTC), row.amount),
            row.recorded_at.astimezone(UTC),
        )
        for row in connection.execute(query.order_by(columns.id))
    ]


def balances_by_day(connection: Connection, days: Sequence[date]) -> dict[date, Decimal]:
    """Return what is left of all grants of all tenants at the end of each of these days, which are in order."""
    columns = credit_ledger.c
    day = cast(func.timezone("UTC", columns.effective_at), Date).label("day")
    query = select(day, func.sum(columns.amount).label("amount")).where(columns.grant_id != NO_GRANT)
    changes: dict[date, Decimal] = {row.day: row.amount for row in connection.execute(query.group_by("day"))}
    with exact():
        left = sum((amount for at, amount in changes.items() if at < days[0]), NOTHING)
        return {at: (left := left + changes.get(at, NOTHING)) for at in days}


def count_rows(connection: Connection) -> int:
    """How many rows the ledger has."""
    return connection.execute(select(func.count()).select_from(credit_ledger)).scalar_one()
