"""Cuts local days of a time zone into intervals, each made of whole quarter hours of UTC.

Intervals are instants, not local wall times: the hour that a clock shows twice in autumn is two hours, and
the one that it skips in spring is none. What is counted in an interval is not known here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from usage_pipeline.clock import days_between
from usage_pipeline.errors import QueryError

QUARTER_HOUR = timedelta(minutes=15)
MOST_DAYS = 3660
"""Local days of one question; the intervals are made in memory."""
_YEARS = range(1972, 9999)
"""Since 1972 the offsets of all zones are whole quarter hours."""


class Interval(StrEnum):
    """How long an interval is; a day is a local one."""

    QUARTER = "quarter"
    HOUR = "hour"
    DAY = "day"


@dataclass(frozen=True)
class Bucket:
    """One interval: the starts of its quarter hours, UTC, in order; never empty."""

    quarter_hours: tuple[datetime, ...]

    @property
    def start(self) -> datetime:
        """When it begins, UTC."""
        return self.quarter_hours[0]

    @property
    def utc_days(self) -> set[date]:
        """The UTC days that it overlaps."""
        return set(days_between(self.start.date(), self.quarter_hours[-1].date()))


def time_zone(name: str) -> ZoneInfo:
    """The time zone of that name. Raises QueryError where there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a folder of zones
        raise QueryError(f"There is no time zone {name!r}; expected a name such as UTC or Asia/Kolkata.") from None


def check_days(first: date, last: date) -> None:
    """Raise QueryError for days that cannot be cut: too many, in the wrong order, or out of all calendars."""
    if not 1 <= (last - first).days + 1 <= MOST_DAYS or first.year not in _YEARS or last.year not in _YEARS:
        raise QueryError(
            f"{first} to {last}: expected at most {MOST_DAYS:,} days, the first before the last, in the years "
            f"{_YEARS[0]} to {_YEARS[-1]}. Ask for less at a time."
        )


def buckets(first: date, last: date, interval: Interval, zone: ZoneInfo) -> list[Bucket]:
    """The intervals of the local days from first to last, both included, in order."""
    if interval is Interval.DAY:
        return _days(first, last, zone)
    members: dict[object, list[datetime]] = {}
    for quarter_hour in _quarter_hours(_midnight(first, zone), _midnight(last + timedelta(days=1), zone)):
        members.setdefault(_key(quarter_hour.astimezone(zone), interval), []).append(quarter_hour)
    return [Bucket(tuple(quarter_hours)) for quarter_hours in members.values()]


def _days(first: date, last: date, zone: ZoneInfo) -> list[Bucket]:
    """The local days; one that a zone has skipped is none. To ask the zone of each quarter hour takes long."""
    midnights = [_midnight(day, zone) for day in days_between(first, last + timedelta(days=1))]
    return [Bucket(tuple(_quarter_hours(*ends))) for ends in pairwise(midnights) if ends[0] < ends[1]]


def _key(local: datetime, interval: Interval) -> object:
    """What the quarter hours of one interval have in common, and no two intervals."""
    match interval:
        case Interval.HOUR:
            # With the offset, because a clock that is set back shows an hour twice.
            return local.date(), local.hour, local.utcoffset()
        case _:
            return local.astimezone(UTC)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """When a local day begins, UTC; where the clock skips midnight, that is when it does so."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _quarter_hours(start: datetime, end: datetime) -> Iterator[datetime]:
    moment = start
    while moment < end:
        yield moment
        moment += QUARTER_HOUR
