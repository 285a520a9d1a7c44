"""The billing periods that the report touches, and what their statements come to."""

from collections.abc import Iterator
from decimal import Decimal

from usage_pipeline.billing.calendar import month_after, month_before, month_of
from usage_pipeline.billing.statements import Statement, read_period_costs
from usage_pipeline.reports.batch import Batch, Tables
from usage_pipeline.reports.display import Kind
from usage_pipeline.reports.model import Column, Values
from usage_pipeline.reports.table_spec import TableSpec

STATEMENTS = TableSpec(
    "statements",
    "Billing periods",
    "What the statements of the billing periods come to that have a day in the period, whole as they are. "
    "Adjustments are changes of periods that had closed before.",
    (
        Column("period", "Billing period", Kind.TEXT),
        Column("first_day", "First day", Kind.DAY),
        Column("last_day", "Last day", Kind.DAY),
        Column("closed_at", "Closed", Kind.INSTANT),
        Column("usage", "Usage, USD", Kind.MONEY),
        Column("adjustments", "Adjustments, USD", Kind.MONEY),
        Column("total", "Total, USD", Kind.MONEY),
    ),
)


def statements(batch: Batch) -> Tables:
    """Return the statements of each tenant; of all together, and with filters, there are none."""
    if batch.filters:
        return {}
    return {tenant_id: [STATEMENTS.table(map(_row, _of(batch, tenant_id)))] for tenant_id in batch.tenant_ids}


def _of(batch: Batch, tenant_id: str) -> Iterator[Statement]:
    month = month_before(batch.period.first)
    while month <= month_of(batch.period.last):
        statement = read_period_costs(batch.storage, batch.tenants, tenant_id, month)
        if statement.period.first <= batch.period.last and batch.period.first <= statement.period.last:
            yield statement
        month = month_after(month)


def _row(statement: Statement) -> Values:
    period, closed = statement.period, statement.closed
    usage, adjustments = (_sum(statement, kind) for kind in ("usage", "adjustment"))
    return (
        period.name,
        period.first,
        period.last,
        closed.closed_at if closed else None,
        usage,
        adjustments or Decimal(0),
        statement.total,
    )


def _sum(statement: Statement, kind: str) -> Decimal | None:
    amounts = [line.amount for line in statement.lines if line.kind == kind and line.amount is not None]
    return sum(amounts, Decimal(0)) if amounts else None
