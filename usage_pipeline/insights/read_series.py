"""Reads the series of measures through the query layer: one query of each kind for all measures and tenants."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from operator import itemgetter

from usage_pipeline.billing.ledger.entries import exact
from usage_pipeline.clock import days_between
from usage_pipeline.insights.breakdown import Quantity, priced_tokens
from usage_pipeline.insights.measures import COST, CREDITS, REPORTED_COST, Measure
from usage_pipeline.insights.series import DailySeries, Number
from usage_pipeline.metrics.answers import Answer
from usage_pipeline.metrics.queries import (
    CostQuery,
    PerformanceQuery,
    Query,
    ReportedCostQuery,
    UsageQuery,
    of_tenant,
)
from usage_pipeline.metrics.read import read
from usage_pipeline.registry import METRIC_NAMES
from usage_pipeline.storage.opened import Storage

Conditions = tuple[tuple[str, str], ...]
"""Pairs of a dimension and its value."""
_Group = tuple[str, ...]
"""The values that rows are grouped by besides the day."""
_Values = tuple[Number | None, ...]


@dataclass(frozen=True)
class SeriesQuestion:
    """Measures on the days from first to last, both included, of the usage that meets all conditions."""

    measures: Sequence[Measure]
    first: date
    last: date
    where: Conditions = ()
    """`p95_ms` and `reported_cost` know few dimensions."""


@dataclass(frozen=True)
class _Source:
    """A kind of query, what to ask it for, and the quantities that come of a row."""

    query: type[Query]
    metrics: tuple[str, ...]
    quantities: Mapping[str, Quantity]
    without_row: Number | None = 0
    """Their value on a known day without a row."""


def _named(name: str) -> Quantity:
    return itemgetter(name)


def _sources(asked: Collection[str]) -> Iterator[_Source]:
    """Yield what has to be read for these quantities."""
    usage = [name for name in METRIC_NAMES if name in asked]
    sources = (
        _Source(UsageQuery, tuple(usage), {name: _named(name) for name in usage}),
        _Source(UsageQuery, (CREDITS,), {CREDITS: _named(CREDITS)}),
        _Source(
            CostQuery,
            ("amount", "tokens", "unpriced_tokens"),
            {COST: _named("amount"), "priced_tokens": priced_tokens},
        ),
        _Source(ReportedCostQuery, (REPORTED_COST,), {REPORTED_COST: _named(REPORTED_COST)}),
        _Source(PerformanceQuery, ("p95_ms",), {"p95_ms": _named("p95_ms")}, without_row=None),
    )
    return (source for source in sources if source.quantities.keys() & asked)


def read_series(storage: Storage, question: SeriesQuestion, tenant_id: str | None = None) -> list[DailySeries]:
    """Return the series of one tenant, or of all together, in the order of the measures.

    Raises QueryError for a condition that a measure does not know, and PartitionError if the rows of a computed
    day are gone.
    """
    quantities = _read(storage, question, (), of_tenant(tenant_id))
    return [_series(question, measure, tenant_id, quantities) for measure in question.measures]


def read_series_of_each(
    storage: Storage, question: SeriesQuestion, tenant_ids: Iterable[str]
) -> Iterator[DailySeries]:
    """Yield the series of each of these tenants, in the order of tenants and measures. Raises the same errors."""
    quantities = _read(storage, question, ("tenant",))
    for tenant_id in tenant_ids:
        for measure in question.measures:
            yield _series(question, measure, tenant_id, quantities, (tenant_id,))


def read_series_of_values(
    storage: Storage, question: SeriesQuestion, tenant_id: str, dimensions: Sequence[str]
) -> Callable[[Sequence[str]], list[DailySeries]]:
    """Return what has the series of each combination of values of dimensions, in the order of the measures.

    Raises QueryError for a dimension that a measure does not know, and the same errors as `read_series`.
    """
    quantities = _read(storage, question, tuple(dimensions), of_tenant(tenant_id))
    return lambda values: [
        _series(question, measure, tenant_id, quantities, tuple(values)) for measure in question.measures
    ]


@dataclass(frozen=True)
class _Quantities:
    """What was read: by quantity the known days, and by group their values, and those of days without a row."""

    known: Mapping[str, Collection[date]]
    values: Mapping[tuple[str, _Group], Mapping[date, Number | None]]
    without_row: Mapping[str, Number | None]

    def of(self, name: str, group: _Group, days: Sequence[date]) -> _Values:
        found, otherwise = self.values.get((name, group), {}), self.without_row[name]
        return tuple(found.get(day, otherwise) if day in self.known[name] else None for day in days)


def _read(
    storage: Storage, question: SeriesQuestion, group_by: tuple[str, ...], where: Conditions = ()
) -> _Quantities:
    asked = {name for measure in question.measures for name in measure.parts or (measure.name,)}
    values: defaultdict[tuple[str, _Group], dict[date, Number | None]] = defaultdict(dict)
    without_row: dict[str, Number | None] = {}
    known: dict[str, Collection[date]] = {}
    for source in _sources(asked):
        groups, conditions = ("day", *group_by), (*question.where, *where)
        answer = read(storage, source.query(question.first, question.last, groups, conditions, source.metrics))
        known |= dict.fromkeys(source.quantities, frozenset(answer.known))
        without_row |= dict.fromkeys(source.quantities, source.without_row)
        for name, group, day, value in _cells(source, answer):
            values[name, group][day] = value
    return _Quantities(known, values, without_row)


def _cells(source: _Source, answer: Answer) -> Iterator[tuple[str, _Group, date, Number | None]]:
    known = set(answer.known)
    for row in answer.rows:
        if row["day"] in known:
            group = tuple(row[name] for name in answer.query.group_by[1:])
            for name, quantity in source.quantities.items():
                yield name, group, row["day"], quantity(row)


def _series(
    question: SeriesQuestion,
    measure: Measure,
    tenant_id: str | None,
    quantities: _Quantities,
    group: _Group = (),
) -> DailySeries:
    days = days_between(question.first, question.last)
    if measure.parts is None:
        return DailySeries(measure, tenant_id, question.first, quantities.of(measure.name, group, days))
    above, below = (quantities.of(name, group, days) for name in measure.parts)
    with exact():
        ratios = tuple(_ratio(measure, *parts) for parts in zip(above, below, strict=True))
    return DailySeries(measure, tenant_id, question.first, ratios, below)


def _ratio(measure: Measure, above: Number | None, below: Number | None) -> Number | None:
    return None if above is None or not below else measure.factor * Decimal(above) / below
