"""What a measure is read by when it is broken down by a dimension."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from operator import itemgetter

from usage_pipeline.insights.measures import COST, REPORTED_COST, Measure
from usage_pipeline.insights.series import Number
from usage_pipeline.metrics.answers import Row
from usage_pipeline.metrics.queries import CostQuery, Query, ReportedCostQuery, UsageQuery, of_tenant
from usage_pipeline.registry import DIMENSION_NAMES

Quantity = Callable[[Row], Number | None]
"""What a row of an answer has of something."""


@dataclass(frozen=True)
class Breakdown:
    """The kind of query, its metrics, what a row has, and the dimensions that a measure can be broken down by."""

    kind: type[Query]
    metrics: tuple[str, ...]
    dimensions: Sequence[str]
    above: Quantity
    """The sum, or the numerator of a ratio."""
    below: Quantity | None = None
    """The denominator; None of a sum."""

    def query(self, first: date, last: date, group_by: tuple[str, ...], tenant_id: str | None) -> Query:
        """Return the query for days of one tenant, or of all together."""
        return self.kind(first, last, group_by, of_tenant(tenant_id), self.metrics)


def priced_tokens(row: Row) -> int:
    """Return the tokens of a row of costs that have a price."""
    return int(row["tokens"] - row["unpriced_tokens"])


def breakdown_of(measure: Measure) -> Breakdown:
    """Return what a measure is read by. Latencies have no dimensions."""
    names = measure.parts or (measure.name,)
    if measure.name == REPORTED_COST:
        return Breakdown(ReportedCostQuery, names, ("model", "record"), itemgetter(REPORTED_COST))
    if measure.name == COST:
        return Breakdown(CostQuery, ("amount",), DIMENSION_NAMES, itemgetter("amount"))
    if COST in names:
        metrics = ("amount", "tokens", "unpriced_tokens")
        return Breakdown(CostQuery, metrics, DIMENSION_NAMES, itemgetter("amount"), priced_tokens)
    dimensions = DIMENSION_NAMES if set(names) <= set(UsageQuery.known_metrics) else ()
    return Breakdown(UsageQuery, names, dimensions, *map(itemgetter, names))
