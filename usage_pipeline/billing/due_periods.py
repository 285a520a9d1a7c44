"""Billing periods that are due: from each tenant's first usage on, the open ones whose last day is final.

They close by themselves unless something blocks them. A month without usage is due like any other.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, Integer, Select, func, select
from sqlalchemy import cast as sql_cast

from usage_pipeline.billing.calendar import (
    BillingPeriod,
    by_month,
    month_after,
    month_before,
    period_among,
    period_of,
)
from usage_pipeline.billing.closing import ClosedPeriod, Decision, anchor_day, freeze
from usage_pipeline.billing.closing_blockers import ClosingBlockers, read_blockers
from usage_pipeline.billing.tables import CLOSED_PERIODS
from usage_pipeline.series.breakdown_tables import DAILY_BREAKDOWN
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import warehouse_table
from usage_pipeline.tenants.reference import load_tenants

closed_periods = warehouse_table(CLOSED_PERIODS)
daily_breakdown = warehouse_table(DAILY_BREAKDOWN.spec)

CLOSED_BY = "usage-pipeline"


@dataclass(frozen=True)
class DuePeriod:
    """A period that is due for these tenants, and what blocks it, if anything does."""

    period: BillingPeriod
    tenants: tuple[str, ...]
    blocked_by: tuple[str, ...]


def close_due(storage: Storage) -> list[ClosedPeriod]:
    """Close what is due and not blocked, oldest first; nothing where automatic closing is off."""
    if not storage.settings.automatic_closing:
        return []
    ready = [due for due in due_periods(storage) if not due.blocked_by]
    if not ready:
        return []
    tenants = load_tenants(storage.settings)
    return [
        closed
        for due in ready
        for closed in freeze(storage, tenants, due.period, due.tenants, _decision(due.period))
    ]


def due_periods(storage: Storage) -> list[DuePeriod]:
    """The periods that are due, oldest first. Where none is, that takes one query."""
    tenants, last_final = load_tenants(storage.settings), storage.settings.clock.last_final_day
    with storage.warehouse.connect() as connection:
        behind = [
            tenant
            for tenant in _billed_tenants(connection)
            if tenant.next_period(anchor_day(tenants, tenant.tenant_id)).last <= last_final
        ]
        closed = _closed(connection, [tenant.tenant_id for tenant in behind if not tenant.closed_without_gap])
    by_period: dict[BillingPeriod, list[str]] = {}
    for tenant in behind:
        known = closed.get(tenant.tenant_id, tenant.known)
        for period in _open_until(tenant, anchor_day(tenants, tenant.tenant_id), known, last_final):
            by_period.setdefault(period, []).append(tenant.tenant_id)
    if not by_period:
        return []
    blockers = read_blockers(
        storage, min(period.first for period in by_period), max(period.last for period in by_period)
    )
    return [_due(blockers, period, tenants) for period, tenants in sorted(by_period.items())]


def _decision(period: BillingPeriod) -> Decision:
    return Decision(CLOSED_BY, f"due: its last day, {period.last}, is final", forced=False)


def _due(blockers: ClosingBlockers, period: BillingPeriod, tenants: Sequence[str]) -> DuePeriod:
    return DuePeriod(period, tuple(sorted(tenants)), tuple(blockers.of(period)))


@dataclass(frozen=True)
class _BilledTenant:
    """When a tenant's usage began, and how much of the time since is closed."""

    tenant_id: str
    first_usage: date
    closed_from: date | None
    last_closed: BillingPeriod | None
    closed_days: int

    @property
    def closed_without_gap(self) -> bool:
        """Whether all is closed from the first usage up to the last closed day."""
        first, last = self.closed_from, self.last_closed
        if first is None or last is None:
            return False
        return first <= self.first_usage and self.closed_days == (last.last - first).days + 1

    @property
    def known(self) -> Mapping[date, BillingPeriod]:
        """The last closed period: of one without a gap that is all that matters of them."""
        return by_month([self.last_closed] if self.last_closed else [])

    def next_period(self, anchor: int) -> BillingPeriod:
        """A period that may be due: no open one ends earlier."""
        if self.last_closed is None:
            return period_of(anchor, self.first_usage)
        if not self.closed_without_gap:
            return BillingPeriod(self.first_usage, self.first_usage)
        return period_among(anchor, month_after(self.last_closed.first), self.known)

    @property
    def first_month(self) -> date:
        """The month in which the first period begins that may be open."""
        if self.closed_without_gap and self.last_closed:
            return month_after(self.last_closed.first)
        return month_before(self.first_usage)  # a period may begin in the month before the usage


def _billed_tenants(connection: Connection) -> Iterator[_BilledTenant]:
    for row in connection.execute(_billed()).mappings():
        last = BillingPeriod(row["last_from"], row["last_to"]) if row["closed_from"] else None
        yield _BilledTenant(
            row["tenant_id"], row["first_usage"], row["closed_from"], last, row["closed_days"] or 0
        )


def _billed() -> Select[tuple[Any, ...]]:
    """Each tenant with usage, found by leaps through an index: it reads one row a tenant, not all of them."""
    usage, other = daily_breakdown.c, daily_breakdown.alias()
    first = select(func.min(usage.tenant_id).label("tenant_id"))
    tenants = first.cte("tenants", recursive=True)
    following = select(func.min(other.c.tenant_id)).where(other.c.tenant_id > tenants.c.tenant_id)
    tenants = tenants.union_all(select(following.scalar_subquery()).where(tenants.c.tenant_id.is_not(None)))
    began = (
        select(func.min(usage.day))
        .where(usage.tenant_id == tenants.c.tenant_id)
        .scalar_subquery()
        .label("first_usage")
    )
    closed = _closed_spans().subquery()
    return (
        select(tenants.c.tenant_id, began, *closed.c[1:])
        .join_from(tenants, closed, closed.c.tenant_id == tenants.c.tenant_id, isouter=True)
        .where(tenants.c.tenant_id.is_not(None))
    )


def _closed_spans() -> Select[tuple[Any, ...]]:
    columns = closed_periods.c
    return select(
        columns.tenant_id,
        func.min(columns.first_day).label("closed_from"),
        func.max(columns.first_day).label("last_from"),
        func.max(columns.last_day).label("last_to"),
        sql_cast(func.sum(columns.last_day - columns.first_day + 1), Integer).label("closed_days"),
    ).group_by(columns.tenant_id)


def _closed(connection: Connection, tenants: Sequence[str]) -> Mapping[str, Mapping[date, BillingPeriod]]:
    """All closed periods of these tenants; no query without any."""
    if not tenants:
        return {}
    columns = closed_periods.c
    query = (
        select(columns.tenant_id, func.array_agg(columns.first_day), func.array_agg(columns.last_day))
        .where(columns.tenant_id.in_(tenants))
        .group_by(columns.tenant_id)
    )
    return {
        tenant: by_month(map(BillingPeriod, firsts, lasts)) for tenant, firsts, lasts in connection.execute(query)
    }


def _open_until(
    tenant: _BilledTenant, anchor: int, closed: Mapping[date, BillingPeriod], last_final: date
) -> Iterator[BillingPeriod]:
    """The tenant's open periods from its first usage on that end no later than the day."""
    month = tenant.first_month
    while month <= last_final:
        if month not in closed:
            period = period_among(anchor, month, closed)
            if tenant.first_usage <= period.last <= last_final:
                yield period
        month = month_after(month)
