"""The one function that all numbers are read by."""

from collections.abc import Callable, Mapping
from importlib import import_module

from usage_pipeline.metrics.answers import Answer
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
from usage_pipeline.storage.opened import Storage

_READERS: Mapping[type[Query], tuple[str, str]] = {
    UsageQuery: ("cubes", "read_usage"),
    CostQuery: ("cubes", "read_costs"),
    ReportedCostQuery: ("reported_costs", "read_reported_costs"),
    IntervalQuery: ("cubes", "read_intervals"),
    SeriesQuery: ("series", "read_series"),
    StockQuery: ("stocks", "read_stocks"),
    PerformanceQuery: ("performance", "read_performance"),
    QualityQuery: ("quality", "read_quality"),
    RelatedQuery: ("related", "read_related"),
}
"""The module and function that read each; a command asks one question, and imports no other's."""


def read(storage: Storage, query: Query) -> Answer:
    """Read the answer. Raises PartitionError where rows that the state knows of are gone."""
    module, function = _READERS[type(query)]
    reader: Callable[[Storage, Query], Answer] = getattr(
        import_module(f"usage_pipeline.metrics.{module}"), function
    )
    return reader(storage, query)
