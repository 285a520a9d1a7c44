"""Usage and costs by the values of each dimension, the largest first."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from usage_pipeline.metrics.answers import Row
from usage_pipeline.metrics.queries import CostQuery, UsageQuery
from usage_pipeline.registry import DIMENSIONS, NONE, Dimension
from usage_pipeline.reports.batch import Batch, Tables
from usage_pipeline.reports.display import Kind
from usage_pipeline.reports.model import Column, Table, Values
from usage_pipeline.reports.table_spec import TableSpec

_METRICS = (
    "records",
    "requests",
    "messages",
    "conversations",
    "tokens_in",
    "tokens_out",
    "tokens_total",
    "errors",
)
_MOST_LINES = 25


def breakdown_spec(dimension: Dimension) -> TableSpec:
    """Return the table of a dimension."""
    label = dimension.name.replace("_", " ").capitalize()
    return TableSpec(
        f"by_{dimension.name}",
        f"By {label.lower()}",
        f"{dimension.description}: each with its part of the totals. {NONE} is what has none.",
        (
            Column(dimension.name, label, Kind.TEXT),
            Column("requests", "Requests", Kind.COUNT, adds_up=True),
            Column("messages", "Messages", Kind.COUNT, adds_up=True),
            Column("conversations", "Conversations", Kind.COUNT, adds_up=True),
            Column("tokens_in", "Input tokens", Kind.COUNT, adds_up=True),
            Column("tokens_out", "Output tokens", Kind.COUNT, adds_up=True),
            Column("tokens_total", "Tokens", Kind.COUNT, adds_up=True),
            Column("errors", "Errors", Kind.COUNT, adds_up=True),
            Column("cost", "Cost, USD", Kind.MONEY, adds_up=True),
            Column("credits", "Credits", Kind.CREDITS, adds_up=True),
        ),
        most_lines=_MOST_LINES,
    )


_TENANTS = Dimension("tenant", "Tenants")
_SPECS = {dimension: breakdown_spec(dimension) for dimension in (_TENANTS, *DIMENSIONS)}


def breakdowns(batch: Batch) -> Tables:
    """Return a table for each dimension of which something has a value; by tenant, too, if it is about all."""
    dimensions = DIMENSIONS if batch.tenant_ids else (_TENANTS, *DIMENSIONS)
    found = [_breakdown(batch, dimension) for dimension in dimensions]
    return {subject: [tables[subject] for tables in found if subject in tables] for subject in batch.subjects}


def _breakdown(batch: Batch, dimension: Dimension) -> dict[str | None, Table]:
    usage = batch.ask_by(UsageQuery, dimension.name, (*_METRICS, "credits"))
    costs = batch.ask_by(CostQuery, dimension.name, ("tokens", "amount"))
    return {
        subject: _SPECS[dimension].summed(_rows(rows, costs.get(subject, {})))
        for subject, rows in usage.items()
        if set(rows) - {NONE}
    }


def _rows(usage: Mapping[str, Row], costs: Mapping[str, Row]) -> Iterator[Values]:
    rows = [
        _row(value, row, costs[value]["amount"] if value in costs else Decimal(0)) for value, row in usage.items()
    ]
    yield from sorted(rows, key=_largest_first)


def _row(value: str, usage: Row, amount: Decimal | None) -> Values:
    counts = [usage[column.name] for column in _SPECS[_TENANTS].columns[1:-2]]
    return value, *counts, amount, usage["credits"]


def _largest_first(row: Values) -> tuple[Any, ...]:
    """Order by cost, tokens and requests."""
    value, requests, tokens, cost = row[0], row[1], row[6], row[8]
    return -(cost or 0), -tokens, -requests, value
