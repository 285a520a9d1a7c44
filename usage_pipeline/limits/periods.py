"""The periods of limits: which UTC days the period has that holds a day. Pure functions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from usage_pipeline.billing.calendar import BillingPeriod, month_after, month_before, month_of, period_among
from usage_pipeline.clock import Clock, days_between, end_of

MOST_ROLLING_DAYS = 366
_ONE = timedelta(days=1)


class PeriodKind(StrEnum):
    """How the days of a limit are cut into periods."""

    DAY = "day"
    WEEK = "week"
    """From Monday to Sunday, as in ISO 8601."""
    MONTH = "month"
    BILLING = "billing"
    """The billing period of the tenant."""
    ROLLING = "rolling"
    """A number of days that ends with the present one: each day has a period of its own."""


@dataclass(frozen=True)
class Period:
    """The period of a limit as it is written; `days` is the length of a rolling one."""

    kind: PeriodKind
    days: int = 0

    def __str__(self) -> str:
        """`month`, or `rolling 30 days`."""
        return f"rolling {self.days} days" if self.kind is PeriodKind.ROLLING else self.kind.value


@dataclass(frozen=True, order=True)
class DayRange:
    """The days from first to last, both included."""

    first: date
    last: date

    @property
    def starts_at(self) -> datetime:
        """Its first instant, UTC."""
        return datetime.combine(self.first, time(), UTC)

    @property
    def ends_at(self) -> datetime:
        """The first instant after it, UTC."""
        return end_of(self.last)


@dataclass(frozen=True)
class BillingCalendar:
    """When a tenant's billing periods begin: its anchor day, and the periods that are closed, by month."""

    anchor_day: int
    closed: Mapping[date, BillingPeriod]

    def period_of(self, day: date) -> DayRange:
        """Return the period that holds a day; after a change of the anchor day that may be of another month."""
        near = (month_before(day), month_of(day), month_after(day))
        periods = (period_among(self.anchor_day, month, self.closed) for month in near)
        return next(DayRange(found.first, found.last) for found in periods if found.first <= day <= found.last)


def period_of(period: Period, day: date) -> DayRange:
    """Return the days of the period that holds a day; billing periods are those of a `BillingCalendar`."""
    if period.kind is PeriodKind.ROLLING:
        return DayRange(day - (period.days - 1) * _ONE, day)
    return _CALENDAR[period.kind](day)


def open_days(clock: Clock) -> list[date]:
    """Return the days whose numbers still change, because they are not final; the last one is the present day."""
    days = days_between(clock.last_final_day, clock.today)
    return [day for day in days if clock.final_at(day) > clock.now]


def _week_of(day: date) -> DayRange:
    monday = day - day.weekday() * _ONE
    return DayRange(monday, monday + 6 * _ONE)


_CALENDAR: Mapping[PeriodKind, Callable[[date], DayRange]] = {
    PeriodKind.DAY: lambda day: DayRange(day, day),
    PeriodKind.WEEK: _week_of,
    PeriodKind.MONTH: lambda day: DayRange(month_of(day), month_after(day) - _ONE),
}
