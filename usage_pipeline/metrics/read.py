"""The one function that all numbers are read by."""

from collections.abc import Callable, Mapping
from typing import Any

from usage_pipeline.metrics.answers import Answer
from usage_pipeline.metrics.cubes import read_costs, read_intervals, read_usage
from usage_pipeline.metrics.performance import read_performance
from usage_pipeline.metrics.quality import read_quality
from usage_pipeline.metrics.queries import (
    CostQuery,
    IntervalQuery,
    PerformanceQuery,
    QualityQuery,
    Query,
    RelatedQuery,
    ReportedCostQuery,
    SeriesQuery,
    StockQuery,
    UsageQuery,
)
from usage_pipeline.metrics.related import read_related
from usage_pipeline.metrics.reported_costs import read_reported_costs
from usage_pipeline.metrics.series import read_series
from usage_pipeline.metrics.stocks import read_stocks
from usage_pipeline.storage.opened import Storage

_READERS: Mapping[type[Query], Callable[[Storage, Any], Answer]] = {
    UsageQuery: read_usage,
    CostQuery: read_costs,
    ReportedCostQuery: read_reported_costs,
    IntervalQuery: read_intervals,
    SeriesQuery: read_series,
    StockQuery: read_stocks,
    PerformanceQuery: read_performance,
    QualityQuery: read_quality,
    RelatedQuery: read_related,
}


def read(storage: Storage, query: Query) -> Answer:
    """Read the answer. Raises PartitionError where rows that the state knows of are gone."""
    return _READERS[type(query)](storage, query)
