"""What a measure is read by when it is broken down by a dimension."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from usage_pipeline.insights.measures import COST, REPORTED_COST, Measure
from usage_pipeline.metrics.queries import CostQuery, Query, ReportedCostQuery, UsageQuery, of_tenant
from usage_pipeline.registry import DIMENSION_NAMES


@dataclass(frozen=True)
class Breakdown:
    """The kind of query, its metric, and the dimensions that a measure can be broken down by."""

    kind: type[Query]
    metric: str
    dimensions: Sequence[str]

    def query(self, first: date, last: date, group_by: tuple[str, ...], tenant_id: str | None) -> Query:
        """Return the query for days of one tenant, or of all together."""
        return self.kind(first, last, group_by, of_tenant(tenant_id), (self.metric,))


def breakdown_of(measure: Measure) -> Breakdown:
    """Return what a sum is read by; of a ratio what its numerator is. Latencies have no dimensions."""
    name = measure.parts[0] if measure.parts else measure.name
    if name == COST:
        return Breakdown(CostQuery, "amount", DIMENSION_NAMES)
    if name == REPORTED_COST:
        return Breakdown(ReportedCostQuery, REPORTED_COST, ("model", "record"))
    return Breakdown(UsageQuery, name, DIMENSION_NAMES if name in UsageQuery.known_metrics else ())
