"""The totals of the period, beside those of the period before."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from usage_pipeline.metrics.answers import Row
from usage_pipeline.metrics.queries import CostQuery
from usage_pipeline.registry import METRICS
from usage_pipeline.reports.batch import COST_TABLES, CREDIT_TABLES, USAGE_TABLES, Batch, Tables, TenantId
from usage_pipeline.reports.display import Kind
from usage_pipeline.reports.model import Column
from usage_pipeline.reports.scope import ReportPeriod
from usage_pipeline.reports.table_spec import TableSpec

_METRICS = tuple(metric.name for metric in METRICS)
_UNITS = {**{metric.name: metric.unit for metric in METRICS}, "credits": "credits", "cost": "USD"}
"""The rows of the table, in order, each with its unit."""

TOTALS = TableSpec(
    "totals",
    "Totals",
    "What was used in the period, beside the period before it.",
    (
        Column("metric", "Metric", Kind.TEXT),
        Column("unit", "Unit", Kind.TEXT),
        Column("value", "Total", Kind.QUANTITY),
        Column("previous", "Period before", Kind.QUANTITY),
        Column("change_percent", "Change, %", Kind.DECIMAL),
    ),
)


def totals(batch: Batch) -> Tables:
    """Return the totals: None if all days are missing; no cost if nothing has a price."""
    now, before = _read(batch, batch.period), _read(batch, batch.period.before)
    return {subject: [TOTALS.table(_rows(now[subject], before[subject]))] for subject in batch.subjects}


def _read(batch: Batch, period: ReportPeriod) -> Mapping[TenantId, Row]:
    """Return the sums of each subject: zero without usage, None if no day is known."""
    tables = (USAGE_TABLES, CREDIT_TABLES, COST_TABLES)
    has_usage, has_credits, has_costs = (bool(batch.known(of, period)) for of in tables)
    usage = batch.ask_usage((), _METRICS, period)
    costs = batch.ask(CostQuery, (), ("tokens", "amount"), period)
    return {
        subject: {
            **dict.fromkeys(_METRICS, 0 if has_usage else None),
            "credits": 0 if has_credits else None,
            **(usage[subject][0] if has_usage and usage.get(subject) else {}),
            "cost": (costs[subject][0]["amount"] if costs.get(subject) else Decimal(0)) if has_costs else None,
        }
        for subject in batch.subjects
    }


def _rows(now: Row, before: Row) -> Iterator[tuple[Any, ...]]:
    for name, unit in _UNITS.items():
        value, previous = now[name], before[name]
        yield name, unit, value, previous, _change(value, previous)


def _change(value: Any, previous: Any) -> Decimal | None:  # noqa: ANN401 - whole numbers or decimals
    """Return the change as a percentage with one decimal, half to even; None without something to compare with."""
    if value is None or not previous:
        return None
    return Decimal(round((Fraction(value) / Fraction(previous) - 1) * 1000)).scaleb(-1)
