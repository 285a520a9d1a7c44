"""Credits of the period by grant and by day."""

from collections.abc import Mapping

from usage_pipeline.billing.calendar import BillingPeriod
from usage_pipeline.billing.period_credits import AMOUNTS, CreditLine, PeriodCredits, read_period_credits
from usage_pipeline.reports.batch import Batch, Tables
from usage_pipeline.reports.display import Kind
from usage_pipeline.reports.model import Column, Table
from usage_pipeline.reports.table_spec import TableSpec

_LABELS: Mapping[str, str] = {"adjusted": "Adjusted later", "rolled_in": "Rolled in", "rolled_out": "Rolled out"}
_SHOWN = (*(name for name in AMOUNTS if name != "adjusted"), "closing")

CREDITS = TableSpec(
    "credits",
    "Credits by grant",
    "What each grant began the period with, what happened to it, and what is left. Overage is usage that no grant "
    "has paid for.",
    (
        Column("grant_id", "Grant", Kind.TEXT),
        Column("kind", "Kind", Kind.TEXT),
        *(Column(name, _LABELS.get(name, name.capitalize()), Kind.CREDITS, adds_up=True) for name in _SHOWN),
    ),
    most_lines=50,
)
CREDIT_DAYS = TableSpec(
    "credit_days",
    "Credits by day",
    "What is left at the end of each day; below zero it is overage.",
    (
        Column("day", "Day", Kind.DAY),
        Column("granted", "Granted", Kind.CREDITS, adds_up=True),
        Column("used", "Used", Kind.CREDITS, adds_up=True),
        Column("gone", "Expired or taken back", Kind.CREDITS, adds_up=True),
        Column("left", "Left", Kind.CREDITS),
    ),
)


def credits_by_grant(batch: Batch) -> Tables:
    """Return the credits of each tenant, as they are known now; none of all tenants together, or with filters."""
    period = BillingPeriod(batch.period.first, batch.period.last)
    asked = [] if batch.filters else [(tenant_id, period) for tenant_id in batch.tenant_ids]
    found = read_period_credits(batch.storage, asked)
    return {tenant_id: _tables(credits_of) for (tenant_id, _), credits_of in found.items() if credits_of.lines}


def _tables(found: PeriodCredits) -> list[Table]:
    days = [(day.day, day.granted, day.used, day.gone, day.left) for day in found.days]
    return [
        CREDITS.summed((line.grant_id, line.kind, *_amounts(line)) for line in found.lines),
        CREDIT_DAYS.summed(days, {"left": days[-1][-1]}),
    ]


def _amounts(line: CreditLine) -> list[object]:
    return [getattr(line, name) for name in _SHOWN]
