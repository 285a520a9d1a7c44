"""Closing billing periods of tenants: their costs are frozen, row by row, with versions and a digest.

What changes later follows the plan's `late_usage`: with `restate` the period says what is known now, with
`next_period` it keeps saying what it was closed with, and the difference is an adjustment of a later period.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Integer, Select, cast, func, select, text

from usage_pipeline.billing.calendar import BillingPeriod, by_month, period_among
from usage_pipeline.billing.closing_blockers import blockers_of
from usage_pipeline.billing.tables import CLOSED_COSTS, CLOSED_PERIODS
from usage_pipeline.costs.tables import TENANT_COSTS
from usage_pipeline.errors import ClosingError
from usage_pipeline.storage.digests import fingerprint
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import partition_state, usage_versions, warehouse_table
from usage_pipeline.tenants.models import Tenants
from usage_pipeline.tenants.reference import load_tenants

closed_costs = warehouse_table(CLOSED_COSTS)
closed_periods = warehouse_table(CLOSED_PERIODS)
tenant_costs = warehouse_table(TENANT_COSTS.spec)

FIRST_OF_MONTH = 1
"""The anchor day of tenants that no file names."""


@dataclass(frozen=True)
class ClosedPeriod:
    """One row of `closed_periods`."""

    tenant_id: str
    first_day: date
    last_day: date
    late_usage: str
    closed_at: datetime
    by: str
    reason: str | None
    forced: bool
    last_change: int
    """The last row of `usage_versions` that the closing knew."""
    digest: str

    @property
    def period(self) -> BillingPeriod:
        """Its days."""
        return BillingPeriod(self.first_day, self.last_day)


@dataclass(frozen=True)
class Closing:
    """What is to be closed, by whom, and why if it is closed although something blocks it."""

    tenant_id: str
    month: date
    by: str
    reason: str | None = None
    force: bool = False


@dataclass(frozen=True)
class Decision:
    """Who closes, why, and whether something would block it."""

    by: str
    reason: str | None
    forced: bool


def anchor_day(tenants: Tenants, tenant_id: str) -> int:
    """The day of the month on which the tenant's periods begin."""
    tenant = tenants.by_id.get(tenant_id)
    return tenant.billing_anchor_day if tenant else FIRST_OF_MONTH


def close(storage: Storage, closing: Closing) -> ClosedPeriod:
    """Freeze the period that begins in the month.

    Raises ClosingError where it is closed already, or where something blocks it and it is not forced.
    """
    tenants = load_tenants(storage.settings)
    with storage.warehouse.connect() as connection:
        known = by_month(entry.period for entry in closed_of(connection, closing.tenant_id))
    period = period_among(anchor_day(tenants, closing.tenant_id), closing.month, known)
    blockers = blockers_of(storage, period)
    if blockers and not closing.force:
        raise ClosingError(
            f"The period {period.name} of {closing.tenant_id} stays open: {'; '.join(blockers)}. "
            "Resolve that, or close it anyway with --force and a --reason."
        )
    decision = Decision(closing.by, closing.reason, forced=bool(blockers))
    closed = freeze(storage, tenants, period, [closing.tenant_id], decision)
    if not closed:
        raise ClosingError(f"The period {period.name} of {closing.tenant_id} is closed already.")
    return closed[0]


def freeze(
    storage: Storage, tenants: Tenants, period: BillingPeriod, tenant_ids: Collection[str], decision: Decision
) -> list[ClosedPeriod]:
    """Close the period of these tenants in one transaction, but of those that have a day of it closed already."""
    with storage.warehouse.begin() as connection:
        _keep_changes_out(connection)
        open_tenants = sorted(set(tenant_ids) - _closed_on(connection, period))
        last_change = connection.execute(select(func.coalesce(func.max(usage_versions.c.id), 0))).scalar_one()
        digests = _freeze_costs(connection, open_tenants, period)
        closed = [
            ClosedPeriod(
                tenant_id=tenant,
                first_day=period.first,
                last_day=period.last,
                late_usage=tenants.plans[tenants.plan_of(tenant, period.last)].late_usage,
                closed_at=storage.settings.clock.now,
                by=decision.by,
                reason=decision.reason,
                forced=decision.forced,
                last_change=last_change,
                digest=digests[tenant],
            )
            for tenant in open_tenants
        ]
        if closed:
            connection.execute(closed_periods.insert(), [vars(entry) for entry in closed])
    return closed


def closed_of(connection: Connection, tenant_id: str) -> list[ClosedPeriod]:
    """The closed periods of a tenant, oldest first."""
    query = (
        select(closed_periods).where(closed_periods.c.tenant_id == tenant_id).order_by(closed_periods.c.first_day)
    )
    return [ClosedPeriod(**row) for row in connection.execute(query).mappings()]


def count_closed(connection: Connection) -> int:
    """How many periods of all tenants are closed."""
    return connection.execute(select(func.count()).select_from(closed_periods)).scalar_one()


def _keep_changes_out(connection: Connection) -> None:
    """Wait for open changes of versions, and block new ones and other closings until this transaction ends.

    So each version is one that the closing has read, or has a later id than `last_change`.
    """
    connection.execute(text(f"LOCK TABLE {usage_versions.fullname} IN SHARE ROW EXCLUSIVE MODE"))


def _closed_on(connection: Connection, period: BillingPeriod) -> set[str]:
    """The tenants that have a day of the period closed."""
    columns = closed_periods.c
    query = select(columns.tenant_id).where(columns.first_day <= period.last, columns.last_day >= period.first)
    return set(connection.execute(query).scalars())


def _freeze_costs(connection: Connection, tenant_ids: Collection[str], period: BillingPeriod) -> dict[str, str]:
    """Copy the period's rows; returns a digest of them for each tenant."""
    found = connection.execute(_costs(tenant_ids, period)).mappings()
    rows = [{**row, "first_day": period.first} for row in found]
    if rows:
        connection.execute(closed_costs.insert(), rows)
    by_tenant = {tenant: _digest(own) for tenant, own in groupby(rows, key=lambda row: row["tenant_id"])}
    return {**dict.fromkeys(tenant_ids, _digest(())), **by_tenant}


def _digest(rows: Iterable[dict[str, Any]]) -> str:
    return fingerprint(value for row in rows for value in row.values())


def _costs(tenant_ids: Collection[str], period: BillingPeriod) -> Select[tuple[Any, ...]]:
    costs, partition = tenant_costs.c, partition_state.c
    values = ("quantity", "unpriced_quantity", "amount", "price_book_version")
    return (
        select(
            costs.tenant_id,
            costs.day,
            costs.value.label("model"),
            costs["class"],
            *(costs[name] for name in values),
            cast(partition.version, Integer).label("version"),
        )
        .join(partition_state, (partition.table_name == TENANT_COSTS.name) & (partition.day == costs.day))
        .where(
            costs.tenant_id.in_(tenant_ids),
            costs.dimension == "model",
            costs.day.between(period.first, period.last),
        )
        .order_by(costs.tenant_id, costs.day, costs.value, costs["class"])
    )
