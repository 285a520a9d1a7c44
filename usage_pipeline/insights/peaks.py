"""When there is most usage: days, weekdays, hours of the day and of the week, by the clock of a time zone."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import TypeVar

from usage_pipeline.insights.estimates import from_fraction
from usage_pipeline.metrics.buckets import Interval
from usage_pipeline.metrics.queries import IntervalQuery, of_tenant
from usage_pipeline.metrics.read import read
from usage_pipeline.storage.opened import Storage

Key = TypeVar("Key")
_PLACES = 2
_WEEKDAYS, _HOURS = range(7), range(24)


@dataclass(frozen=True)
class PeakQuestion:
    """A metric of records on the local days from first to last, of one tenant or of all together."""

    metric: str
    first: date
    last: date
    time_zone: str = "UTC"
    tenant_id: str | None = None
    begun_before: bool = False
    """Whether something was used before these days. Otherwise local days before the first use are left out."""


@dataclass(frozen=True)
class Peaks:
    """When there is most. Means are over what is known, null where nothing is; two decimals."""

    metric: str
    days: tuple[tuple[date, int], ...]
    """The days of which every hour is known, with their totals, busiest first."""
    weekdays: tuple[Decimal | None, ...]
    """The mean of a day, Monday first."""
    hours: tuple[Decimal | None, ...]
    """The mean of an hour of the day, from 0 to 23."""
    week: tuple[tuple[Decimal | None, ...], ...]
    """The mean of an hour, by weekday and hour."""


def read_peaks(storage: Storage, question: PeakQuestion) -> Peaks:
    """Return when there is most of a metric.

    Raises QueryError for an unknown metric or zone, PartitionError if the rows of a computed day are gone.
    """
    query = IntervalQuery(
        question.first,
        question.last,
        where=of_tenant(question.tenant_id),
        metrics=(question.metric,),
        interval=Interval.HOUR,
        time_zone=question.time_zone,
    )
    found = [(datetime.fromisoformat(row["start"]), row[question.metric]) for row in read(storage, query).rows]
    if not question.begun_before:
        first = next((start.date() for start, amount in found if amount), date.max)
        found = [(start, amount) for start, amount in found if start.date() >= first]
    days = _whole_days(found)
    known = [(start, amount) for start, amount in found if amount is not None]
    by_weekday = _means((day.weekday(), total) for day, total in days.items())
    by_hour = _means((start.hour, amount) for start, amount in known)
    by_both = _means(((start.weekday(), start.hour), amount) for start, amount in known)
    return Peaks(
        metric=question.metric,
        days=tuple(sorted(days.items(), key=lambda day: (-day[1], day[0]))),
        weekdays=tuple(by_weekday.get(weekday) for weekday in _WEEKDAYS),
        hours=tuple(by_hour.get(hour) for hour in _HOURS),
        week=tuple(tuple(by_both.get((weekday, hour)) for hour in _HOURS) for weekday in _WEEKDAYS),
    )


def _whole_days(hours: Sequence[tuple[datetime, int | None]]) -> dict[date, int]:
    """Return the totals of the local days of which every hour is known."""
    partly = {start.date() for start, amount in hours if amount is None}
    totals: defaultdict[date, int] = defaultdict(int)
    for start, amount in hours:
        if start.date() not in partly:
            totals[start.date()] += amount or 0
    return dict(totals)


def _means(amounts: Iterable[tuple[Key, int]]) -> Mapping[Key, Decimal]:
    found: defaultdict[Key, list[int]] = defaultdict(list)
    for key, amount in amounts:
        found[key].append(amount)
    return {key: from_fraction(Fraction(sum(of), len(of)), _PLACES) for key, of in found.items()}
