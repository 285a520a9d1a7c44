"""What a report is about: one tenant or all, a range of days, and filters."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from usage_pipeline.billing.calendar import month_after, month_before
from usage_pipeline.clock import Clock, days_between
from usage_pipeline.errors import QueryError
from usage_pipeline.registry import DIMENSION_NAMES

MOST_DAYS = 1100
"""Days of a report: three years."""

Filters = tuple[tuple[str, tuple[str, ...]], ...]
"""Dimensions, each with the values of which a record has to have one."""


@dataclass(frozen=True)
class ReportPeriod:
    """The days from first to last, both included."""

    first: date
    last: date

    @property
    def name(self) -> str:
        """`2026-02` for a calendar month, `2026-02-03` for a day, else `2026-02-03_2026-02-09`."""
        if self._is_month:
            return f"{self.first:%Y-%m}"
        return str(self.first) if self.first == self.last else f"{self.first}_{self.last}"

    @property
    def in_words(self) -> str:
        """`2026-02`, `2026-02-03` or `2026-02-03 to 2026-02-09`."""
        return self.name.replace("_", " to ")

    @property
    def each_day(self) -> list[date]:
        """Its days, in order."""
        return days_between(self.first, self.last)

    @property
    def length(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    @property
    def before(self) -> "ReportPeriod":
        """The period to compare with: the month before a month, else as many days before the first."""
        last = self.first - timedelta(days=1)
        return ReportPeriod(
            month_before(self.first) if self._is_month else self.first - timedelta(self.length), last
        )

    @property
    def _is_month(self) -> bool:
        return self.first.day == 1 and self.last == month_after(self.first) - timedelta(days=1)


@dataclass(frozen=True)
class ReportScope:
    """What a report is about. Without a tenant it is about all of them together."""

    period: ReportPeriod
    tenant_id: str | None = None
    filters: Filters = ()


def month_period(month: date) -> ReportPeriod:
    """Return the calendar month that begins on this day."""
    return ReportPeriod(month, month_after(month) - timedelta(days=1))


def last_closed_month(clock: Clock) -> date:
    """Return the first day of the last month whose days are all final."""
    return month_before(clock.last_final_day + timedelta(days=1))


def report_period(first: date, last: date, clock: Clock) -> ReportPeriod:
    """Return the period of these days. Raises QueryError if they are in the wrong order, too many or to come."""
    if first > last:
        raise QueryError(f"{first} to {last}: the first day is after the last.")
    if last > clock.today:
        raise QueryError(f"{first} to {last}: the last day has not begun; today is {clock.today} (UTC).")
    period = ReportPeriod(first, last)
    if period.length > MOST_DAYS:
        raise QueryError(f"{first} to {last}: a report has at most {MOST_DAYS:,} days; ask for less at a time.")
    return period


def report_filters(filters: Mapping[str, tuple[str, ...]]) -> Filters:
    """Return the filters in the order of the dimensions, values in order. Raises QueryError for others."""
    for name, values in filters.items():
        if name not in DIMENSION_NAMES:
            raise QueryError(
                f"There is no dimension {name!r} to filter by; expected {', '.join(DIMENSION_NAMES)}."
            )
        if not values:
            raise QueryError(f"{name}: expected at least one value to filter by.")
    return tuple((name, tuple(sorted(set(filters[name])))) for name in DIMENSION_NAMES if name in filters)
