"""Billing periods that are due: from each tenant's first usage on, the open ones whose last day is final.

They close automatically unless something blocks them. A month without usage is due like any other month.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select

from usage_pipeline.billing.calendar import BillingPeriod, by_month, open_periods
from usage_pipeline.billing.closing import ClosedPeriod, Closing, freeze
from usage_pipeline.billing.closing_blockers import EARLIER_OPEN, ClosingBlockers, read_blockers
from usage_pipeline.billing.period_credits import read_period_credits
from usage_pipeline.billing.tables import CLOSED_PERIODS
from usage_pipeline.series.breakdown_tables import DAILY_BREAKDOWN
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import warehouse_table
from usage_pipeline.storage.tables import ERASED_TENANT
from usage_pipeline.tenants.reference import load_tenants

closed_periods = warehouse_table(CLOSED_PERIODS)
daily_breakdown = warehouse_table(DAILY_BREAKDOWN.spec)

CLOSED_BY = "usage-pipeline"


@dataclass(frozen=True)
class DuePeriod:
    """A period that is due for some tenants, and the reasons why it cannot close, if any."""

    period: BillingPeriod
    tenants: tuple[str, ...]
    blocked_by: tuple[str, ...]


def close_due(storage: Storage) -> list[ClosedPeriod]:
    """Close the periods that are due and not blocked, oldest first; none if automatic closing is off."""
    if not storage.settings.automatic_closing:
        return []
    closed = []
    ready = [due for due in due_periods(storage) if not due.blocked_by]
    credits_of = read_period_credits(storage, [(tenant, due.period) for due in ready for tenant in due.tenants])
    for due in ready:
        reason = f"due: its last day, {due.period.last}, is final"
        closed += freeze(storage, due.period, due.tenants, Closing(CLOSED_BY, reason), credits_of)
    return closed


def due_periods(storage: Storage) -> list[DuePeriod]:
    """Return the periods that are due, oldest first. If none is, this takes one query."""
    tenants, last_final = load_tenants(storage.settings), storage.settings.clock.last_final_day
    with storage.warehouse.connect() as connection:
        billed = connection.execute(_billed_tenants()).all()
    due = defaultdict(list)
    for tenant_id, first_usage, firsts, lasts in sorted(billed):
        if tenant_id == ERASED_TENANT:  # nobody is billed, and its closed periods are those of several tenants
            continue
        closed = by_month(map(BillingPeriod, firsts, lasts))
        for period in open_periods(tenants.anchor_day_of(tenant_id), first_usage, closed, last_final):
            due[period].append(tenant_id)
    if not due:
        return []
    blockers = read_blockers(storage, min(due).first, max(period.last for period in due))
    return list(_in_order(due, blockers))


def _in_order(due: Mapping[BillingPeriod, list[str]], blockers: ClosingBlockers) -> Iterator[DuePeriod]:
    """Yield the periods, oldest first; a tenant with an open one waits with those after it.

    A statement opens with the credits that the one before closed with.
    """
    waiting: dict[str, BillingPeriod] = {}
    for period in sorted(due):
        own = tuple(blockers.of(period))
        ready = tuple(tenant for tenant in due[period] if tenant not in waiting)
        behind = tuple(tenant for tenant in due[period] if tenant in waiting)
        if ready:
            yield DuePeriod(period, ready, own)
        if behind:
            yield DuePeriod(period, behind, (EARLIER_OPEN, *own))
        if own:
            waiting |= dict.fromkeys(ready, period)


def _billed_tenants() -> Select[*tuple[Any, ...]]:
    """Select each tenant with usage, its first day of usage, and the first and last days of its closed periods.

    The recursion finds each tenant by one index lookup instead of reading all rows.
    """
    usage, other, closed = daily_breakdown.c, daily_breakdown.alias(), closed_periods.c
    tenants = select(func.min(usage.tenant_id).label("tenant_id")).cte("tenants", recursive=True)
    following = select(func.min(other.c.tenant_id)).where(other.c.tenant_id > tenants.c.tenant_id)
    tenants = tenants.union_all(select(following.scalar_subquery()).where(tenants.c.tenant_id.is_not(None)))
    first_usage = select(func.min(usage.day)).where(usage.tenant_id == tenants.c.tenant_id).scalar_subquery()
    closed_days = (
        func.array(select(day).where(closed.tenant_id == tenants.c.tenant_id).order_by(day).scalar_subquery())
        for day in (closed.first_day, closed.last_day)
    )
    return select(tenants.c.tenant_id, first_usage, *closed_days).where(tenants.c.tenant_id.is_not(None))
