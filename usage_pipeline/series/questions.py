"""What can be asked of the series and cubes: the words of a question, and which questions are refused.

It reads nothing: the command line knows from here what there is to ask, and a wrong question costs no database.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date

from usage_pipeline.days import days_between
from usage_pipeline.errors import QueryError
from usage_pipeline.series.buckets import Interval, check_days, time_zone
from usage_pipeline.series.dimensions import (
    CONVERSATIONS,
    CUBE_METRICS,
    DIMENSIONS,
    METRICS,
    QUARTER_HOUR_DIMENSIONS,
)

GROUPS = {"day": "day", "tenant": "tenant_id", **{name: name for name in DIMENSIONS}}
"""What usage can be grouped and filtered by, and the cube's column behind each word."""

INTERVAL_GROUPS = {"tenant": "tenant_id", **{name: name for name in QUARTER_HOUR_DIMENSIONS}}
"""What intervals can be grouped and filtered by, and the column behind each word."""

INTERVAL_METRICS = tuple(column.name for column in CUBE_METRICS)
"""The metrics of intervals; a conversation has a first day, but no time of day."""

PERFORMANCE_GROUPS = (("day",), ("model",), ("day", "model"))
"""What performance can be grouped by."""


@dataclass(frozen=True)
class UsageQuery:
    """Additive metrics of a range of days, grouped and filtered by day, tenant and dimensions."""

    first: date
    last: date
    group_by: tuple[str, ...] = ()
    where: tuple[tuple[str, str], ...] = ()
    metrics: tuple[str, ...] = METRICS

    def __post_init__(self) -> None:
        """Refuse words that are no dimension or metric, or that stand twice."""
        check_dimensions(self.group_by, self.where, GROUPS)
        check_metrics(self.metrics, METRICS)

    @property
    def days(self) -> list[date]:
        """The days of the range that meet the conditions on the day."""
        asked = [value for name, value in self.where if name == "day"]
        return [day for day in days_between(self.first, self.last) if all(str(day) == value for value in asked)]


@dataclass(frozen=True)
class IntervalQuery:
    """Additive metrics of the intervals of local days first to last, both included, grouped and filtered.

    `time_zone` is a name of the IANA database, such as Asia/Kolkata.
    """

    first: date
    last: date
    interval: Interval = Interval.DAY
    time_zone: str = "UTC"
    group_by: tuple[str, ...] = ()
    where: tuple[tuple[str, str], ...] = ()
    metrics: tuple[str, ...] = INTERVAL_METRICS

    def __post_init__(self) -> None:
        """Refuse words that are no dimension, metric or time zone, or that stand twice, and too many days."""
        check_days(self.first, self.last)
        check_dimensions(self.group_by, self.where, INTERVAL_GROUPS)
        if CONVERSATIONS.name in self.metrics:
            raise QueryError(
                "Conversations have no time of day, only a first day in UTC; expected some of "
                f"{', '.join(INTERVAL_METRICS)}."
            )
        check_metrics(self.metrics, INTERVAL_METRICS)
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


def check_dimensions(group_by: tuple[str, ...], where: Iterable[tuple[str, str]], known: Collection[str]) -> None:
    """Raise QueryError for a word that is no dimension, or that is grouped by twice."""
    _check_once(group_by)
    for name in (*group_by, *(name for name, _ in where)):
        if name not in known:
            raise QueryError(f"There is no dimension {name!r}; expected one of {', '.join(known)}.")


def check_metrics(metrics: tuple[str, ...], known: Collection[str]) -> None:
    """Raise QueryError for a word that is no metric, or that stands twice, and where there is none."""
    _check_once(metrics)
    if not metrics:
        raise QueryError(f"No metric is named; expected some of {', '.join(known)}.")
    for name in metrics:
        if name not in known:
            raise QueryError(f"There is no metric {name!r}; expected one of {', '.join(known)}.")


def _check_once(words: tuple[str, ...]) -> None:
    if len(set(words)) < len(words):
        raise QueryError(f"{', '.join(words)}: a word stands twice; name each once.")
