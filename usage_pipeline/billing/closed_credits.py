"""Keeps the credits of closed periods: what a closing froze, and what the statement after it opens with."""

from collections.abc import Collection, Mapping
from dataclasses import fields
from datetime import timedelta

from sqlalchemy import Connection, select

from usage_pipeline.billing.calendar import BillingPeriod
from usage_pipeline.billing.period_credits import CreditLine, PeriodCredits, PlanTerms, continued, in_order
from usage_pipeline.billing.tables import CLOSED_CREDITS, CLOSED_PERIODS, CLOSED_PLANS, NEXT_PERIOD
from usage_pipeline.storage.schema import one_of, warehouse_table

closed_credits = warehouse_table(CLOSED_CREDITS)
closed_periods = warehouse_table(CLOSED_PERIODS)
closed_plans = warehouse_table(CLOSED_PLANS)

_LINE = [closed_credits.c[entry.name] for entry in fields(CreditLine)]
_PLAN = [closed_plans.c[entry.name] for entry in fields(PlanTerms)]


def freeze_credits(connection: Connection, period: BillingPeriod, found: Mapping[str, PeriodCredits]) -> None:
    """Keep the credits and plans of these tenants in a period that they close."""
    opened = opened_with_closed(connection, period, found)
    lines = [(tenant, line) for tenant, credits_of in opened.items() for line in credits_of.lines]
    plans = [(tenant, plan) for tenant, credits_of in opened.items() for plan in credits_of.plans]
    for table, entries in ((closed_credits, lines), (closed_plans, plans)):
        rows = [{"tenant_id": tenant, "first_day": period.first, **vars(entry)} for tenant, entry in entries]
        if rows:
            connection.execute(table.insert(), rows)


def opened_with_closed(
    connection: Connection, period: BillingPeriod, found: Mapping[str, PeriodCredits]
) -> dict[str, PeriodCredits]:
    """Return the credits of these tenants in a period, opened with what the closed statement before it ended with.

    If that is open, or restated, it has the numbers of now like this one, and nothing is adjusted.
    """
    before = _lines_before(connection, found, period)
    return {
        tenant: PeriodCredits(continued(credits_of.lines, before[tenant]), credits_of.plans)
        if tenant in before
        else credits_of
        for tenant, credits_of in found.items()
    }


def closed_lines(connection: Connection, tenant_id: str, period: BillingPeriod) -> tuple[CreditLine, ...]:
    """Return the credits that the closing of a period kept."""
    columns = closed_credits.c
    query = select(*_LINE).where(columns.tenant_id == tenant_id, columns.first_day == period.first)
    return in_order(CreditLine(*row) for row in connection.execute(query))


def closed_terms(connection: Connection, tenant_id: str, period: BillingPeriod) -> tuple[PlanTerms, ...]:
    """Return the plans that the closing of a period kept."""
    columns = closed_plans.c
    query = select(*_PLAN).where(columns.tenant_id == tenant_id, columns.first_day == period.first)
    return tuple(PlanTerms(*row) for row in connection.execute(query.order_by(columns.plan_from)))


def _lines_before(
    connection: Connection, tenant_ids: Collection[str], period: BillingPeriod
) -> dict[str, list[CreditLine]]:
    """Return the kept lines of the periods that end the day before, of the tenants whose statement stays so."""
    periods, kept = closed_periods.c, closed_credits.c
    stay = select(periods.tenant_id, periods.first_day).where(
        one_of(periods.tenant_id, tenant_ids),
        periods.last_day == period.first - timedelta(days=1),
        periods.late_usage == NEXT_PERIOD,
    )
    closed = dict(connection.execute(stay).all())
    found: dict[str, list[CreditLine]] = {tenant: [] for tenant in closed}
    joined = stay.subquery()
    query = select(kept.tenant_id, *_LINE).join(
        joined, (kept.tenant_id == joined.c.tenant_id) & (kept.first_day == joined.c.first_day)
    )
    for tenant, *row in connection.execute(query):
        found[tenant].append(CreditLine(*row))
    return found
