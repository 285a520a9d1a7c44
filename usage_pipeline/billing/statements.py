"""The statement of a billing period: its own usage, and adjustments of periods that closed before.

Adjustments are not stored. They are the changes in `usage_versions` after the closing, and each belongs to the
first period that was still open when it was made. Rows are only added to `usage_versions` and `closed_periods`,
so a closed statement never changes.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Select, select

from usage_pipeline.billing.calendar import BillingPeriod, month_after, month_of
from usage_pipeline.billing.closing import ClosedPeriod, closed_of, tenant_period
from usage_pipeline.billing.tables import CLOSED_COSTS
from usage_pipeline.costs.changes import ChangeQuery, CostChange, read_changes
from usage_pipeline.costs.tables import TENANT_COSTS
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import warehouse_table

closed_costs = warehouse_table(CLOSED_COSTS)
tenant_costs = warehouse_table(TENANT_COSTS.spec)

NEXT_PERIOD = "next_period"


@dataclass(frozen=True)
class StatementLine:
    """Usage of a day of the period, or an adjustment of a day of an earlier period, by model and token class."""

    kind: str
    """`usage` or `adjustment`."""
    day: date
    model: str
    token_class: str
    quantity: int
    amount: Decimal | None


@dataclass(frozen=True)
class Statement:
    """The lines of a period; its total is the sum of their amounts."""

    period: BillingPeriod
    closed: ClosedPeriod | None
    lines: tuple[StatementLine, ...]

    @property
    def total(self) -> Decimal:
        """In US dollars."""
        return sum((line.amount or Decimal(0) for line in self.lines), Decimal(0))


def read_statement(storage: Storage, tenant_id: str, month: date) -> Statement:
    """Return the statement of the tenant's period that begins in the month of this day, open or closed."""
    with storage.warehouse.connect() as connection:
        closed = closed_of(connection, tenant_id)
        period = tenant_period(storage, tenant_id, month, closed)
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
        if _target(closed, entry, change) == month_of(period.first)
    ]
    return Statement(period, own, (*usage, *adjustments))


def _target(closed: list[ClosedPeriod], origin: ClosedPeriod, change: CostChange) -> date:
    """Return the month of the first period after the origin that was open when the change was made."""
    closed_then = {month_of(entry.first_day) for entry in closed if entry.last_change < change.id}
    month = month_after(origin.first_day)
    while month in closed_then:
        month = month_after(month)
    return month


def _adjustment(change: CostChange) -> StatementLine:
    quantity = change.quantity - change.quantity_before
    return StatementLine("adjustment", change.day, change.model, change.token_class, quantity, change.difference)


def _current(tenant_id: str, period: BillingPeriod) -> Select[tuple[Any, ...]]:
    table = tenant_costs.c
    return select(table.day, table.value, table["class"], table.quantity, table.amount).where(
        table.tenant_id == tenant_id, table.dimension == "model", table.day.between(period.first, period.last)
    )


def _frozen(tenant_id: str, period: BillingPeriod) -> Select[tuple[Any, ...]]:
    table = closed_costs.c
    return select(table.day, table.model, table["class"], table.quantity, table.amount).where(
        table.tenant_id == tenant_id, table.first_day == period.first
    )


def _usage(connection: Connection, selected: Select[tuple[Any, ...]]) -> list[StatementLine]:
    rows = connection.execute(selected.order_by("day", selected.selected_columns[1], selected.selected_columns[2]))
    return [StatementLine("usage", *values) for values in rows]
