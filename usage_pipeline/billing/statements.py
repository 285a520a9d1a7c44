"""The statement of a billing period: its own usage, and adjustments of periods that closed before.

Adjustments are not stored. They are the changes in `usage_versions` after the closing, and each belongs to the
first period that was still open when it was made. Rows are only added to `usage_versions` and `closed_periods`,
so a closed statement never changes. What becomes of credits later is `adjusted` in the statement after it.
"""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Select, select

from usage_pipeline.billing.adjustments import carrying_month
from usage_pipeline.billing.calendar import BillingPeriod, month_of
from usage_pipeline.billing.closed_credits import closed_lines, closed_terms, opened_with_closed
from usage_pipeline.billing.closing import ClosedPeriod, closed_of, tenant_period
from usage_pipeline.billing.period_credits import NO_CREDITS, PeriodCredits, read_period_credits
from usage_pipeline.billing.tables import CLOSED_COSTS, NEXT_PERIOD
from usage_pipeline.costs.changes import ChangeQuery, CostChange, read_changes
from usage_pipeline.costs.tables import TENANT_COSTS
from usage_pipeline.credits.tables import CREDIT_USAGE
from usage_pipeline.metrics.answers import coverage, statuses_of
from usage_pipeline.registry import NOT_TOKENS
from usage_pipeline.series.status import DayStatus
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import warehouse_table
from usage_pipeline.tenants.models import Tenants
from usage_pipeline.tenants.reference import load_tenants

closed_costs = warehouse_table(CLOSED_COSTS)
tenant_costs = warehouse_table(TENANT_COSTS.spec)

_VALUES = ("class", "quantity", "unpriced_quantity", "amount")


@dataclass(frozen=True)
class StatementLine:
    """Usage of a day of the period, or an adjustment of a day of an earlier period, by model and token class."""

    kind: str
    """`usage` or `adjustment`."""
    day: date
    model: str
    token_class: str
    quantity: int
    unpriced_quantity: int
    """How much of the quantity has no price. An adjustment knows only whether any of it has one."""
    amount: Decimal | None
    """In US dollars; null if nothing of it has a price."""

    @property
    def coverage(self) -> Decimal | None:
        """Percentage of the quantity with a price, rounded down."""
        return coverage(self.quantity, self.unpriced_quantity)


@dataclass(frozen=True)
class Statement:
    """The lines of a period; its total is the sum of their amounts."""

    period: BillingPeriod
    closed: ClosedPeriod | None
    lines: tuple[StatementLine, ...]
    missing: tuple[date, ...]
    """Days of the period without known usage, which are in no sum."""
    credits: PeriodCredits = NO_CREDITS

    @property
    def total(self) -> Decimal | None:
        """In US dollars; null if nothing has a price, or if all days are missing."""
        amounts = [line.amount for line in self.lines if line.amount is not None]
        nothing_known = self.lines or len(self.missing) == len(self.period.days)
        return sum(amounts, Decimal(0)) if amounts or not nothing_known else None

    @property
    def tokens(self) -> int:
        """The tokens of all lines."""
        return sum(line.quantity for line in self._of_tokens)

    @property
    def unpriced_tokens(self) -> int:
        """Those without a price."""
        return sum(line.unpriced_quantity for line in self._of_tokens)

    @property
    def coverage(self) -> Decimal | None:
        """Percentage of the tokens with a price, rounded down; null without tokens."""
        return coverage(self.tokens, self.unpriced_tokens)

    @property
    def unpriced_fees(self) -> int:
        """The requests, searches and tool calls without a price."""
        return sum(line.unpriced_quantity for line in self.lines if line.token_class in NOT_TOKENS)

    @property
    def _of_tokens(self) -> list[StatementLine]:
        return [line for line in self.lines if line.token_class not in NOT_TOKENS]


def read_statement(storage: Storage, tenant_id: str, month: date) -> Statement:
    """Return the statement of the tenant's period that begins in the month of this day, open or closed."""
    found = read_period_costs(storage, load_tenants(storage.settings), tenant_id, month)
    statuses = statuses_of(storage, found.period.days, TENANT_COSTS.name, CREDIT_USAGE.name)
    missing = (day for day, status in statuses.items() if status is DayStatus.MISSING)
    credits_of = _credits(storage, tenant_id, found.period, found.closed)
    return replace(found, missing=tuple(missing), credits=credits_of)


def read_period_costs(storage: Storage, tenants: Tenants, tenant_id: str, month: date) -> Statement:
    """Return the lines of a statement. Its credits and missing days, which take longer, are left out."""
    with storage.warehouse.connect() as connection:
        closed = closed_of(connection, tenant_id)
        period = tenant_period(tenants, tenant_id, month, closed)
        own = next((entry for entry in closed if entry.first_day == period.first), None)
        frozen = own is not None and own.late_usage == NEXT_PERIOD
        usage = _usage(connection, _frozen(tenant_id, period) if frozen else _current(tenant_id, period))
    adjustments = [
        _adjustment(change)
        for entry in closed
        if entry.late_usage == NEXT_PERIOD and entry.first_day < period.first
        for change in read_changes(
            storage, ChangeQuery(entry.first_day, entry.last_day, tenant_id, entry.last_change)
        )
        if carrying_month(closed, entry, change.id) == month_of(period.first)
    ]
    return Statement(period, own, (*usage, *adjustments), ())


def _credits(
    storage: Storage, tenant_id: str, period: BillingPeriod, closed: ClosedPeriod | None
) -> PeriodCredits:
    """Return the credits as they were closed, or those of now; the plans of a closed period always stay."""
    with storage.warehouse.connect() as connection:
        plans = closed_terms(connection, tenant_id, period) if closed else ()
        if closed and closed.late_usage == NEXT_PERIOD:
            return PeriodCredits(closed_lines(connection, tenant_id, period), plans)
    found = read_period_credits(storage, [(tenant_id, period)]).get((tenant_id, period))
    if found is None:
        return NO_CREDITS
    with storage.warehouse.connect() as connection:
        opened = opened_with_closed(connection, period, {tenant_id: found})[tenant_id]
    return PeriodCredits(opened.lines, plans or opened.plans)


def _adjustment(change: CostChange) -> StatementLine:
    quantity = change.quantity - change.quantity_before
    unpriced = quantity if change.difference is None else 0
    return StatementLine(
        "adjustment", change.day, change.model, change.token_class, quantity, unpriced, change.difference
    )


def _current(tenant_id: str, period: BillingPeriod) -> Select[*tuple[Any, ...]]:
    table = tenant_costs.c
    return select(table.day, table.value, *(table[name] for name in _VALUES)).where(
        table.tenant_id == tenant_id, table.dimension == "model", table.day.between(period.first, period.last)
    )


def _frozen(tenant_id: str, period: BillingPeriod) -> Select[*tuple[Any, ...]]:
    table = closed_costs.c
    return select(table.day, table.model, *(table[name] for name in _VALUES)).where(
        table.tenant_id == tenant_id, table.first_day == period.first
    )


def _usage(connection: Connection, selected: Select[*tuple[Any, ...]]) -> list[StatementLine]:
    rows = connection.execute(selected.order_by("day", selected.selected_columns[1], selected.selected_columns[2]))
    return [StatementLine("usage", *values) for values in rows]
