"""Allocations and rollovers, as they follow from a tenant's plans and the billing calendar.

A period begins with the credits of its plan. A plan that begins within a period ends the allocation before it,
whose rest expires, and allocates its credits by the seconds that are left of the period.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal

from usage_pipeline.billing.calendar import BillingPeriod, month_after, month_before, period_among
from usage_pipeline.billing.ledger.burn_down import Grant, Reset
from usage_pipeline.billing.ledger.entries import NOTHING, EntryKind, exact
from usage_pipeline.billing.ledger.grant_file import DECIMALS
from usage_pipeline.clock import end_of
from usage_pipeline.tenants.models import Plan, Tenants

PLAN_PRIORITY = 20
"""Credits of plans pay before grants without a priority of their own, because they expire with the period."""

_UNIT = Decimal(1).scaleb(-DECIMALS)


@dataclass(frozen=True)
class Terms:
    """What a plan gives in a whole period, and what of it may be carried over."""

    monthly_credits: Decimal
    rollover_min: Decimal
    rollover_max: Decimal

    @classmethod
    def of(cls, plan: Plan) -> "Terms":
        """The terms of a plan; without `rollover` nothing is carried over."""
        bounds = (plan.rollover.min, plan.rollover.max) if plan.rollover else (NOTHING, NOTHING)
        return cls(*(amount.quantize(_UNIT, ROUND_HALF_UP) for amount in (plan.monthly_credits, *bounds)))


@dataclass(frozen=True)
class PlanRun:
    """The days of a billing period from the first on one plan, to the last of the plan or of the period."""

    period: BillingPeriod
    first: date
    last: date
    plan: str

    @property
    def key(self) -> tuple[date, str]:
        """What its terms are kept under."""
        return self.first, self.plan

    @property
    def ends_period(self) -> bool:
        """Whether its plan is the one at the end of the period."""
        return self.last == self.period.last

    def allocation(self, terms: Terms) -> Grant:
        """The credits of the plan, by the share of the period that is left when it begins."""
        whole = end_of(self.period.last) - midnight(self.period.first)
        left = end_of(self.period.last) - midnight(self.first)
        with exact():
            share = terms.monthly_credits * _seconds(left) / _seconds(whole)
            amount = share.quantize(_UNIT, ROUND_HALF_UP)
        return Grant(
            id=f"allocation/{self.first}",
            kind=EntryKind.ALLOCATION,
            amount=amount,
            starts_at=midnight(self.first),
            ends_at=end_of(self.last),
            priority=PLAN_PRIORITY,
        )


def plan_runs(
    tenants: Tenants, tenant_id: str, first: date, until: date, closed: Mapping[date, BillingPeriod]
) -> Iterator[PlanRun]:
    """Yield the runs that begin from the first day until a day, both included; `closed` are periods by month."""
    for period in _periods(tenants, tenant_id, first, until, closed):
        begins = max(period.first, first)
        starts = [begins, *(day for day in _plan_days(tenants, tenant_id) if begins < day <= period.last)]
        changed = [
            day
            for before, day in zip([None, *starts], starts, strict=False)
            if before is None or tenants.plan_of(tenant_id, day) != tenants.plan_of(tenant_id, before)
        ]
        for day, after in zip(changed, [*changed[1:], None], strict=True):
            last = after - timedelta(days=1) if after else period.last
            if day <= until:
                yield PlanRun(period, day, last, tenants.plan_of(tenant_id, day))


def resets(runs: list[PlanRun], terms: Mapping[tuple[date, str], Terms]) -> Iterator[Reset]:
    """Yield what happens at the ends of periods, by the terms of the plan that the period ends with.

    The runs are in order. Of the last one, whose period has not ended, nothing is known yet.
    """
    firsts = {run.period.first: run.period for run in runs}
    for run in runs:
        following = firsts.get(run.period.last + timedelta(days=1))
        carried = terms[run.key]
        if run.ends_period and following is not None and carried.rollover_max:
            yield Reset(
                end_of(run.last), carried.rollover_min, carried.rollover_max, end_of(following.last), PLAN_PRIORITY
            )


def midnight(day: date) -> datetime:
    """Return the midnight that a day begins with, UTC."""
    return datetime.combine(day, time(), UTC)


def _seconds(span: timedelta) -> int:
    return span // timedelta(seconds=1)


def _periods(
    tenants: Tenants, tenant_id: str, first: date, until: date, closed: Mapping[date, BillingPeriod]
) -> Iterator[BillingPeriod]:
    anchor = tenants.anchor_day_of(tenant_id)
    month = month_before(first)  # a period may begin in the month before the day
    while (period := period_among(anchor, month, closed)).first <= until:
        if period.last >= first:
            yield period
        month = month_after(month)


def _plan_days(tenants: Tenants, tenant_id: str) -> list[date]:
    tenant = tenants.by_id.get(tenant_id)
    return [period.from_ for period in tenant.plans] if tenant else []
