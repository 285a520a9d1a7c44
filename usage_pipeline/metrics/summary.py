"""Reads what an overview shows of two ranges of days that follow one another, with few questions for both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate

from usage_pipeline.metrics.answers import Answer, Row
from usage_pipeline.metrics.cubes import read_ranges
from usage_pipeline.metrics.performance import read_performance
from usage_pipeline.metrics.quality import relate_quality
from usage_pipeline.metrics.queries import CostQuery, PerformanceQuery, QualityQuery, UsageQuery
from usage_pipeline.metrics.stocks import FLOWS, read_flows_before
from usage_pipeline.metrics.words import STOCKS
from usage_pipeline.storage.opened import Storage

DayRange = tuple[date, date]
"""The first and the last day."""


@dataclass(frozen=True)
class SummaryQuery:
    """Ranges of days, each behind the one before, and which metrics of usage and performance are read of them."""

    ranges: Sequence[DayRange]
    usage: tuple[str, ...]
    performance: tuple[str, ...]
    where: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Summary:
    """The numbers of a range."""

    usage: Answer
    costs: Answer
    requests: Row
    checks: Row
    """Of all checks."""
    stocks: Row
    """At the end of the last day that is known; nulls without any."""


def read_summaries(storage: Storage, query: SummaryQuery) -> list[Summary]:
    """Read the numbers of each range."""
    metrics = tuple(dict.fromkeys((*query.usage, "prompts", *FLOWS)))
    asked = [UsageQuery(*days, where=query.where, metrics=metrics) for days in query.ranges]
    usage = read_ranges(storage, asked)
    costs = read_ranges(storage, [CostQuery(*days, where=query.where) for days in query.ranges])
    stocks = _stocks(read_flows_before(storage, asked[0]), usage)
    return [
        Summary(of_usage, of_costs, *_requests_and_checks(storage, query, of_usage), of_stocks)
        for of_usage, of_costs, of_stocks in zip(usage, costs, stocks, strict=True)
    ]


def _requests_and_checks(storage: Storage, query: SummaryQuery, usage: Answer) -> tuple[Row, Row]:
    days = (usage.query.first, usage.query.last)
    asked = PerformanceQuery(*days, group_by=(), where=query.where, metrics=query.performance)
    (requests,) = read_performance(storage, asked).rows
    checks, *_ = relate_quality(storage, QualityQuery(*days, where=query.where), usage).rows
    return requests, checks


def _stocks(before: Mapping[str, int], usage: Sequence[Answer]) -> list[Row]:
    """Return the stocks after each range, whose missing days have no flows."""
    flows = [before, *(row for answer in usage for row in answer.rows)]
    levels = {
        stock: [*accumulate(flow[added] - flow[removed] for flow in flows)][1:]
        for stock, (added, removed) in STOCKS.items()
    }
    return [
        {stock: level[at] if answer.known else None for stock, level in levels.items()}
        for at, answer in enumerate(usage)
    ]
