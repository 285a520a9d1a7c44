"""Queries: their words, and which are refused. Nothing is read here, so a wrong query costs no database."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from usage_pipeline.clock import days_between
from usage_pipeline.errors import QueryError
from usage_pipeline.metrics.buckets import Interval, check_days, time_zone
from usage_pipeline.registry import (
    CONVERSATIONS,
    DIMENSION_NAMES,
    METRIC_NAMES,
    RECORD_METRIC_NAMES,
    WITHIN_DAY_NAMES,
    TokenClass,
)

GROUPS = {"day": "day", "tenant": "tenant_id", **{name: name for name in DIMENSION_NAMES}}
"""What usage can be grouped and filtered by, and the cube's column behind each word."""

COST_GROUPS = {**GROUPS, "class": "class", "price": "price_id", "unpriced": "unpriced"}
"""The same of costs."""

INTERVAL_GROUPS = {"tenant": "tenant_id", **{name: name for name in WITHIN_DAY_NAMES}}
"""The same of intervals."""

PERFORMANCE_GROUPS = (("day",), ("model",), ("day", "model"))
"""What performance can be grouped by."""

_NOT_TOKENS = ", ".join(f"'{name}'" for name in (TokenClass.REQUEST, TokenClass.TOOL_CALL))


def _sums(names: Iterable[str]) -> dict[str, str]:
    return {name: f'CAST(coalesce(sum("{name}"), 0) AS BIGINT)' for name in names}


USAGE_SUMS = _sums(METRIC_NAMES)
INTERVAL_SUMS = _sums(RECORD_METRIC_NAMES)
COST_SUMS = {
    "tokens": f"CAST(coalesce(sum(quantity) FILTER (class NOT IN ({_NOT_TOKENS})), 0) AS BIGINT)",
    "unpriced_tokens": "CAST(coalesce(sum(quantity) FILTER (amount IS NULL), 0) AS BIGINT)",
    "amount": "CAST(CASE WHEN count(*) = 0 THEN 0 ELSE sum(amount) END AS DECIMAL(38,12))",
}
"""The SQL of each sum. An amount is in US dollars, and null where nothing of it has a price."""


@dataclass(frozen=True)
class Query:
    """Sums over a range of days, both ends included, grouped and filtered by words."""

    first: date
    last: date
    group_by: tuple[str, ...] = ()
    where: tuple[tuple[str, str], ...] = ()
    metrics: tuple[str, ...] = ()

    groups: ClassVar[Mapping[str, str]] = {}
    """The words, and the column behind each."""
    sums: ClassVar[Mapping[str, str]] = {}
    """The metrics, and the SQL of each."""

    def __post_init__(self) -> None:
        """Refuse words that are no dimension or metric, or that occur twice."""
        _check_dimensions(self.group_by, self.where, self.groups)
        _check_metrics(self.metrics, self.sums)

    @property
    def days(self) -> list[date]:
        """The days of the range that meet the conditions on the day."""
        asked = [value for name, value in self.where if name == "day"]
        return [day for day in days_between(self.first, self.last) if all(str(day) == value for value in asked)]


@dataclass(frozen=True)
class UsageQuery(Query):
    """Additive metrics by day, tenant and dimensions."""

    metrics: tuple[str, ...] = METRIC_NAMES

    groups: ClassVar[Mapping[str, str]] = GROUPS
    sums: ClassVar[Mapping[str, str]] = USAGE_SUMS


@dataclass(frozen=True)
class CostQuery(Query):
    """Costs by day, tenant, dimensions, class, price and the reason why there is none."""

    metrics: tuple[str, ...] = tuple(COST_SUMS)

    groups: ClassVar[Mapping[str, str]] = COST_GROUPS
    sums: ClassVar[Mapping[str, str]] = COST_SUMS


@dataclass(frozen=True)
class IntervalQuery(Query):
    """Additive metrics of the intervals of local days. `time_zone` is an IANA name, such as Asia/Kolkata."""

    metrics: tuple[str, ...] = RECORD_METRIC_NAMES
    interval: Interval = Interval.DAY
    time_zone: str = "UTC"

    groups: ClassVar[Mapping[str, str]] = INTERVAL_GROUPS
    sums: ClassVar[Mapping[str, str]] = INTERVAL_SUMS

    def __post_init__(self) -> None:
        """Refuse unknown words and time zones, and too many days."""
        check_days(self.first, self.last)
        _check_dimensions(self.group_by, self.where, self.groups)
        if CONVERSATIONS.name in self.metrics:
            raise QueryError(
                "Conversations have no time of day, only a first day in UTC; expected some of "
                f"{', '.join(self.sums)}."
            )
        _check_metrics(self.metrics, self.sums)
        time_zone(self.time_zone)


@dataclass(frozen=True)
class PerformanceQuery:
    """Days from first to last, both included, of one tenant, or of all together where none is named."""

    first: date
    last: date
    tenant_id: str | None = None
    group_by: tuple[str, ...] = ("day",)

    def __post_init__(self) -> None:
        """Refuse other groups."""
        if self.group_by not in PERFORMANCE_GROUPS:
            known = ", ".join(repr(",".join(words)) for words in PERFORMANCE_GROUPS)
            found = ",".join(self.group_by)
            raise QueryError(f"Performance is not grouped by {found!r}; expected one of {known}.")


def of_tenant(tenant_id: str | None) -> tuple[tuple[str, str], ...]:
    """The filter on one tenant; none for all tenants together."""
    return () if tenant_id is None else (("tenant", tenant_id),)


def _check_dimensions(group_by: tuple[str, ...], where: Iterable[tuple[str, str]], known: Collection[str]) -> None:
    _check_once(group_by)
    for name in (*group_by, *(name for name, _ in where)):
        if name not in known:
            raise QueryError(f"There is no dimension {name!r}; expected one of {', '.join(known)}.")


def _check_metrics(metrics: tuple[str, ...], known: Collection[str]) -> None:
    _check_once(metrics)
    if not metrics:
        raise QueryError(f"No metric is named; expected some of {', '.join(known)}.")
    for name in metrics:
        if name not in known:
            raise QueryError(f"There is no metric {name!r}; expected one of {', '.join(known)}.")


def _check_once(words: tuple[str, ...]) -> None:
    if len(set(words)) < len(words):
        raise QueryError(f"{', '.join(words)}: a word occurs twice; name each once.")
