"""Closing billing periods of tenants: their costs are frozen, row by row, with versions and a digest, and credits.

The plan's `late_usage` decides about later changes. `restate` changes the statement of the period; `next_period`
keeps it and posts the difference as an adjustment in a later period.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Integer, Select, cast, func, select, text

from usage_pipeline.billing.billed_tenants import expect_billed
from usage_pipeline.billing.calendar import BillingPeriod, by_month, open_periods, period_among
from usage_pipeline.billing.closed_credits import freeze_credits
from usage_pipeline.billing.closing_blockers import EARLIER_OPEN, read_blockers
from usage_pipeline.billing.period_credits import NO_CREDITS, Asked, PeriodCredits, read_period_credits
from usage_pipeline.billing.tables import CLOSED_COSTS, CLOSED_PERIODS
from usage_pipeline.costs.tables import TENANT_COSTS
from usage_pipeline.errors import ClosingError
from usage_pipeline.series.breakdown_tables import DAILY_BREAKDOWN
from usage_pipeline.storage.digests import fingerprint
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import one_of, partition_state, usage_versions, warehouse_table
from usage_pipeline.tenants.models import Tenants
from usage_pipeline.tenants.reference import load_tenants

closed_costs = warehouse_table(CLOSED_COSTS)
closed_periods = warehouse_table(CLOSED_PERIODS)
daily_breakdown = warehouse_table(DAILY_BREAKDOWN.spec)
tenant_costs = warehouse_table(TENANT_COSTS.spec)


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
    """The id of the last row of `usage_versions` that the closing includes."""
    digest: str

    @property
    def period(self) -> BillingPeriod:
        """Its days."""
        return BillingPeriod(self.first_day, self.last_day)


@dataclass(frozen=True)
class Closing:
    """The decision to close a period."""

    by: str
    reason: str | None = None
    forced: bool = False
    """Close the period even if something blocks it. The closed period keeps it only if something did."""


def close(storage: Storage, tenant_id: str, month: date, closing: Closing) -> ClosedPeriod:
    """Close the period of a tenant that begins in the month of this day.

    Raises QueryError for a tenant without an account. Raises ClosingError if it is closed already, or if something
    blocks it and it is not forced.
    """
    with storage.warehouse.connect() as connection:
        expect_billed(storage.settings, connection, tenant_id)
        closed_before = closed_of(connection, tenant_id)
    period = tenant_period(load_tenants(storage.settings), tenant_id, month, closed_before)
    if period.last >= storage.settings.clock.today:
        raise ClosingError(
            f"The period {period.name} of {tenant_id} has not ended: its last day is {period.last}."
        )
    blockers = read_blockers(storage, period.first, period.last).of(period)
    if _has_open_before(storage, tenant_id, period, closed_before):
        blockers.append(EARLIER_OPEN)
    if blockers and not closing.forced:
        raise ClosingError(
            f"The period {period.name} of {tenant_id} stays open: {'; '.join(blockers)}. "
            "Resolve that, or close it anyway with --force and a --reason."
        )
    credits_of = read_period_credits(storage, [(tenant_id, period)])
    closed = freeze(storage, period, [tenant_id], replace(closing, forced=bool(blockers)), credits_of)
    if not closed:
        raise ClosingError(f"The period {period.name} of {tenant_id} is closed already.")
    return closed[0]


def _has_open_before(
    storage: Storage, tenant_id: str, period: BillingPeriod, closed: Iterable[ClosedPeriod]
) -> bool:
    """Return True if a period with or after the tenant's first usage is open and ended before this one."""
    usage = daily_breakdown.c
    with storage.warehouse.connect() as connection:
        first = connection.execute(select(func.min(usage.day)).where(usage.tenant_id == tenant_id)).scalar()
    if first is None:
        return False
    anchor = load_tenants(storage.settings).anchor_day_of(tenant_id)
    until = period.first - timedelta(days=1)
    return any(open_periods(anchor, first, by_month(entry.period for entry in closed), until))


def freeze(
    storage: Storage,
    period: BillingPeriod,
    tenant_ids: Collection[str],
    closing: Closing,
    credits_of: Mapping[Asked, PeriodCredits],
) -> list[ClosedPeriod]:
    """Close the period of these tenants in one transaction. Tenants with a closed day in it are left out.

    The credits were read before, because reading takes longer than other writers are to wait. What changed since
    is adjusted in the statement after this one.
    """
    tenants = load_tenants(storage.settings)
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
                **vars(closing),
                last_change=last_change,
                digest=digests[tenant],
            )
            for tenant in open_tenants
        ]
        if closed:
            connection.execute(closed_periods.insert(), [vars(entry) for entry in closed])
            frozen = {tenant: credits_of.get((tenant, period), NO_CREDITS) for tenant in open_tenants}
            freeze_credits(connection, period, frozen)
    return closed


def tenant_period(tenants: Tenants, tenant_id: str, month: date, closed: Iterable[ClosedPeriod]) -> BillingPeriod:
    """Return the tenant's period that begins in the month of this day; `closed` are its closed periods."""
    return period_among(tenants.anchor_day_of(tenant_id), month, by_month(entry.period for entry in closed))


def closed_of(connection: Connection, tenant_id: str) -> list[ClosedPeriod]:
    """Return the closed periods of a tenant, oldest first."""
    query = (
        select(closed_periods).where(closed_periods.c.tenant_id == tenant_id).order_by(closed_periods.c.first_day)
    )
    return [ClosedPeriod(**row) for row in connection.execute(query).mappings()]


def count_closed(connection: Connection) -> int:
    """How many periods of all tenants are closed."""
    return connection.execute(select(func.count()).select_from(closed_periods)).scalar_one()


def freeze_again(connection: Connection, tenant_id: str) -> None:
    """Let the closed periods of a tenant be those of the costs that are frozen and published now."""
    _keep_changes_out(connection)
    last_change = connection.execute(select(func.coalesce(func.max(usage_versions.c.id), 0))).scalar_one()
    names = ("tenant_id", "day", "model", "class", *_FROZEN, "version", "first_day")
    frozen, periods = closed_costs.c, closed_periods.c
    for closed in closed_of(connection, tenant_id):
        rows = connection.execute(
            select(*(frozen[name] for name in names))
            .where(frozen.tenant_id == tenant_id, frozen.first_day == closed.first_day)
            .order_by(frozen.day, frozen.model, frozen["class"])
        ).mappings()
        connection.execute(
            closed_periods.update()
            .where(periods.tenant_id == tenant_id, periods.first_day == closed.first_day)
            .values(last_change=last_change, digest=_digest(map(dict, rows)))
        )


def _keep_changes_out(connection: Connection) -> None:
    """Wait for open changes of versions, then block new ones and other closings until this transaction ends.

    So the closing includes every version up to `last_change`, and every later version has a later id.
    """
    connection.execute(text(f"LOCK TABLE {usage_versions.fullname} IN SHARE ROW EXCLUSIVE MODE"))


def _closed_on(connection: Connection, period: BillingPeriod) -> set[str]:
    columns = closed_periods.c
    query = select(columns.tenant_id).where(columns.first_day <= period.last, columns.last_day >= period.first)
    return set(connection.execute(query).scalars())


def _freeze_costs(connection: Connection, tenant_ids: Collection[str], period: BillingPeriod) -> dict[str, str]:
    """Copy the period's rows to `closed_costs`, and return their digest by tenant."""
    found = connection.execute(_costs(tenant_ids, period)).mappings()
    rows = [{**row, "first_day": period.first} for row in found]
    if rows:
        connection.execute(closed_costs.insert(), rows)
    by_tenant = {tenant: _digest(own) for tenant, own in groupby(rows, key=lambda row: row["tenant_id"])}
    return {**dict.fromkeys(tenant_ids, _digest(())), **by_tenant}


def _digest(rows: Iterable[dict[str, Any]]) -> str:
    return fingerprint(value for row in rows for value in row.values())


_FROZEN = ("quantity", "unpriced_quantity", "amount", "price_book_version")
"""The columns that a closing freezes."""


def _costs(tenant_ids: Collection[str], period: BillingPeriod) -> Select[*tuple[Any, ...]]:
    costs, partition = tenant_costs.c, partition_state.c
    return (
        select(
            costs.tenant_id,
            costs.day,
            costs.value.label("model"),
            costs["class"],
            *(costs[name] for name in _FROZEN),
            cast(partition.version, Integer).label("version"),
        )
        .join(partition_state, (partition.table_name == TENANT_COSTS.name) & (partition.day == costs.day))
        .where(
            one_of(costs.tenant_id, tenant_ids),
            costs.dimension == "model",
            costs.day.between(period.first, period.last),
        )
        .order_by(costs.tenant_id, costs.day, costs.value, costs["class"])
    )
