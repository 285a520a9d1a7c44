"""Queries, and which are refused. Nothing is read here, so a wrong query costs no database."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import ClassVar

from usage_pipeline.clock import days_between
from usage_pipeline.errors import QueryError
from usage_pipeline.metrics.buckets import Interval, check_days, time_zone
from usage_pipeline.metrics.refusals import check_days_named, check_kept, check_known, check_metrics, check_once
from usage_pipeline.metrics.words import (
    BY_TENANT,
    COST_GROUPS,
    COST_METRICS,
    COVERAGES,
    CREDIT_METRICS,
    INTERVAL_GROUPS,
    PERFORMANCE_GROUPS,
    PERFORMANCE_METRICS,
    PUBLISHED_COST_METRICS,
    QUALITY_GROUPS,
    QUALITY_METRICS,
    RELATED_IDS,
    REPORTED_COST_GROUPS,
    REPORTED_COST_METRICS,
    RESOURCES,
    SERIES,
    STOCKS,
    UNRATED,
    USAGE_GROUPS,
    USAGE_METRICS,
)
from usage_pipeline.registry import CONVERSATIONS, METRIC_NAMES, RECORD_METRIC_NAMES

AsOf = datetime | int
"""A time, or a version of each day, counted from 1."""


@dataclass(frozen=True)
class Query:
    """Numbers of a range of days, both ends included, grouped and filtered by words."""

    first: date
    last: date
    group_by: tuple[str, ...] = ()
    where: tuple[tuple[str, str], ...] = ()
    metrics: tuple[str, ...] = ()
    as_of: AsOf | None = None
    """The numbers as published by this time or in this version: of series, and of costs as far as kept."""
    among: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """More words to filter by, each with the values of which it has to have one."""

    groups: ClassVar[Mapping[str, str]] = {}
    """The words to group by, and the column behind each."""
    filters: ClassVar[Mapping[str, str]] = BY_TENANT
    """The words to filter by, in the same way."""
    known_metrics: ClassVar[Collection[str]] = ()
    kept: ClassVar[frozenset[str]] = frozenset()
    """The words that earlier versions have."""

    def __post_init__(self) -> None:
        """Refuse words that are no dimension or metric or occur twice, what is no day, and lost versions."""
        check_once(self.group_by)
        check_known("dimension", self.group_by, self.groups)
        check_known("dimension", self.filtered, self.filters)
        check_days_named(value for name, value in self.where if name == "day")
        check_once(self.metrics)
        check_metrics(self.metrics, self.known_metrics)
        if self.as_of is not None:
            check_kept(self.as_of, {*self.group_by, *self.filtered, *self.metrics} - self.kept)

    @property
    def filtered(self) -> list[str]:
        """The words that it is filtered by."""
        return [name for name, _ in (*self.where, *self.among)]

    @property
    def columns(self) -> tuple[str, ...]:
        """What each row of the answer has, in order."""
        return (*self.group_by, *self.metrics)

    @property
    def days(self) -> list[date]:
        """The days of the range that meet the conditions on the day."""
        asked = [value for name, value in self.where if name == "day"]
        return [day for day in days_between(self.first, self.last) if all(str(day) == value for value in asked)]


@dataclass(frozen=True)
class UsageQuery(Query):
    """Additive metrics by day, tenant and dimensions.

    Credits are null where no operation has a rate; `unrated` groups the operations by the reason.
    """

    metrics: tuple[str, ...] = METRIC_NAMES

    groups: ClassVar[Mapping[str, str]] = USAGE_GROUPS
    filters: ClassVar[Mapping[str, str]] = USAGE_GROUPS
    known_metrics: ClassVar[Collection[str]] = USAGE_METRICS

    def __post_init__(self) -> None:
        """Refuse the reason of usage, too: only operations have one."""
        super().__post_init__()
        others = [name for name in self.metrics if name not in CREDIT_METRICS]
        if others and UNRATED in {*self.group_by, *self.filtered}:
            raise QueryError(
                f"Only operations are {UNRATED}: expected some of the metrics {', '.join(CREDIT_METRICS)}, found "
                f"{', '.join(others)}."
            )


@dataclass(frozen=True)
class CostQuery(Query):
    """Costs by day, tenant, dimensions, pricing dimensions, class, price and the reason why there is none.

    Amounts are in US dollars, and null where nothing of it has a price. `fees` are the requests, searches and
    tool calls that have a price or may have one. `coverage` is the percentage of the tokens with a price,
    `fee_coverage` that of the fees. `missing_days` are in no sum.
    """

    metrics: tuple[str, ...] = COST_METRICS

    groups: ClassVar[Mapping[str, str]] = COST_GROUPS
    filters: ClassVar[Mapping[str, str]] = COST_GROUPS
    known_metrics: ClassVar[Collection[str]] = COST_METRICS
    kept: ClassVar[frozenset[str]] = frozenset({"day", "tenant", "model", "class", *PUBLISHED_COST_METRICS})

    @property
    def columns(self) -> tuple[str, ...]:
        """What each row of the answer has, in order."""
        followed = {parts[-1]: (parts[-1], name) for name, parts in self.coverages.items()}
        with_coverage = (name for metric in self.metrics for name in followed.get(metric, (metric,)))
        return (*self.group_by, *with_coverage, "missing_days")

    @property
    def coverages(self) -> dict[str, tuple[str, ...]]:
        """The percentages that the metrics allow, each with its whole and the parts without a price."""
        return {name: parts for name, parts in COVERAGES.items() if set(parts) <= set(self.metrics)}


@dataclass(frozen=True)
class ReportedCostQuery(Query):
    """Costs that sources report in US dollars, by day, tenant and model; those in other currencies are left out.

    `record` groups by the id of records that report more than ten times their cost; all others have an empty one.
    """

    metrics: tuple[str, ...] = REPORTED_COST_METRICS

    groups: ClassVar[Mapping[str, str]] = REPORTED_COST_GROUPS
    filters: ClassVar[Mapping[str, str]] = REPORTED_COST_GROUPS
    known_metrics: ClassVar[Collection[str]] = REPORTED_COST_METRICS


@dataclass(frozen=True)
class IntervalQuery(Query):
    """Additive metrics of the intervals of local days. `time_zone` is an IANA name, such as Asia/Kolkata.

    Each interval has its `start` (ISO, with the offset).
    """

    metrics: tuple[str, ...] = RECORD_METRIC_NAMES
    interval: Interval = Interval.DAY
    time_zone: str = "UTC"

    groups: ClassVar[Mapping[str, str]] = INTERVAL_GROUPS
    filters: ClassVar[Mapping[str, str]] = INTERVAL_GROUPS
    known_metrics: ClassVar[Collection[str]] = RECORD_METRIC_NAMES

    def __post_init__(self) -> None:
        """Refuse unknown words and time zones, and too many days."""
        check_days(self.first, self.last)
        if CONVERSATIONS.name in self.metrics:
            raise QueryError(
                "Conversations have no time of day, only a first day in UTC; expected some of "
                f"{', '.join(self.known_metrics)}."
            )
        super().__post_init__()
        time_zone(self.time_zone)

    @property
    def columns(self) -> tuple[str, ...]:
        """What each row of the answer has, in order."""
        return ("start", *super().columns)


@dataclass(frozen=True)
class SeriesQuery(Query):
    """The three daily series, of one tenant or of all together."""

    group_by: tuple[str, ...] = field(default=("day",), init=False)
    metrics: tuple[str, ...] = SERIES

    groups: ClassVar[Mapping[str, str]] = {"day": "day"}
    known_metrics: ClassVar[Collection[str]] = SERIES
    kept: ClassVar[frozenset[str]] = frozenset({"day", "tenant", *SERIES})


@dataclass(frozen=True)
class StockQuery(Query):
    """Personas and timeline entries: the flows of each day and the stocks at its end, of one tenant or of all.

    A stock is what was added less what was taken away since the first day of the calendar: what happened before
    `first` is in it, and it goes on after a missing day.
    """

    group_by: tuple[str, ...] = field(default=("day",), init=False)
    metrics: tuple[str, ...] = tuple(name for stock, flows in STOCKS.items() for name in (*flows, stock))

    groups: ClassVar[Mapping[str, str]] = {"day": "day"}
    known_metrics: ClassVar[Collection[str]] = metrics


@dataclass(frozen=True)
class PerformanceQuery(Query):
    """How fast and how faultlessly requests were answered, of one tenant or of all together.

    Percentiles are upper bounds of buckets that are 5 % wide, null without latencies. Errors are a percentage of
    requests, tokens and bytes an average per request: one decimal, null without requests. A model without requests
    and latencies has no row. Without groups there is one row, of nulls if all days are missing.
    """

    group_by: tuple[str, ...] = ("day",)
    metrics: tuple[str, ...] = PERFORMANCE_METRICS

    groups: ClassVar[Mapping[str, str]] = {"day": "day", "model": "model", **BY_TENANT}
    known_metrics: ClassVar[Collection[str]] = PERFORMANCE_METRICS

    def __post_init__(self) -> None:
        """Refuse other groups."""
        if self.group_by and self.group_by not in PERFORMANCE_GROUPS:
            known = ", ".join(repr(",".join(words)) for words in PERFORMANCE_GROUPS)
            found = ",".join(self.group_by)
            raise QueryError(f"Performance is not grouped by {found!r}; expected one of {known}.")
        super().__post_init__()


@dataclass(frozen=True)
class RelatedQuery(Query):
    """Additive metrics of the records that have certain ids, such as a bot's, and how many resources they name.

    It is one row, of nulls if all days are missing. Records that are pruned are in none of it. `conversations` are
    those that have a record, whenever they began.
    """

    metrics: tuple[str, ...] = (*RECORD_METRIC_NAMES, *RESOURCES)

    filters: ClassVar[Mapping[str, str]] = {**BY_TENANT, **{name: name for name in RELATED_IDS}}
    known_metrics: ClassVar[Collection[str]] = (*RECORD_METRIC_NAMES, *RESOURCES)


@dataclass(frozen=True)
class QualityQuery(Query):
    """What consistency checks found, by issue type, of one tenant, of all together, or of each.

    Of each, first all checks (`(all)`), then those in which a type occurred, the most frequent first.
    `clean_percent` is the share of checks without an issue: of all checks only, and null without checks. Ratios
    have one decimal.
    """

    group_by: tuple[str, ...] = ("issue_type",)
    metrics: tuple[str, ...] = QUALITY_METRICS

    groups: ClassVar[Mapping[str, str]] = {"issue_type": "issue_type", **BY_TENANT}
    known_metrics: ClassVar[Collection[str]] = QUALITY_METRICS

    def __post_init__(self) -> None:
        """Refuse other groups."""
        if self.group_by not in QUALITY_GROUPS:
            raise QueryError(f"Quality is not grouped by {','.join(self.group_by)!r}; expected 'issue_type'.")
        super().__post_init__()


def of_tenant(tenant_id: str | None) -> tuple[tuple[str, str], ...]:
    """The filter on one tenant; none for all tenants together."""
    return () if tenant_id is None else (("tenant", tenant_id),)
