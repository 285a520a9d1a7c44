"""The billing calendar. A period lasts a month, from a tenant's anchor day to the day before the next one, UTC."""

from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from usage_pipeline.clock import days_between


@dataclass(frozen=True, order=True)
class BillingPeriod:
    """The days from first to last, both included."""

    first: date
    last: date

    @property
    def name(self) -> str:
        """The month in which it begins: 2026-02."""
        return f"{self.first:%Y-%m}"

    @property
    def days(self) -> list[date]:
        """Every day of the period, in order."""
        return days_between(self.first, self.last)


def billing_period(anchor_day: int, month: date) -> BillingPeriod:
    """Return the period that begins in the month of this day. In shorter months, anchor days mean the last day."""
    following = month_after(month)
    return BillingPeriod(_anchor(anchor_day, month), _anchor(anchor_day, following) - timedelta(days=1))


def period_among(anchor_day: int, month: date, closed: Mapping[date, BillingPeriod]) -> BillingPeriod:
    """Return the period that begins in the month of this day, of a tenant with these closed periods by month.

    A closed period stays as it is. An open period begins after the closed period of the month before and ends
    before the closed period of the month after. So each month has one period, and each day is in one period, even
    if the anchor day changes.
    """
    start = month_of(month)
    if start in closed:
        return closed[start]
    period = billing_period(anchor_day, start)
    before, after = closed.get(month_before(start)), closed.get(month_after(start))
    return BillingPeriod(
        before.last + timedelta(days=1) if before else period.first,
        after.first - timedelta(days=1) if after else period.last,
    )


def open_periods(
    anchor_day: int, first_usage: date, closed: Mapping[date, BillingPeriod], until: date
) -> Iterator[BillingPeriod]:
    """Yield a tenant's open periods from its first usage on that have ended by the end of a day, oldest first."""
    month = month_before(first_usage)  # a period may begin in the month before the usage
    while month <= until:
        if month not in closed:
            period = period_among(anchor_day, month, closed)
            if first_usage <= period.last <= until:
                yield period
        month = month_after(month)


def by_month(periods: Iterable[BillingPeriod]) -> dict[date, BillingPeriod]:
    """Return the periods by the first day of the month in which they begin."""
    return {month_of(period.first): period for period in periods}


def month_of(day: date) -> date:
    """Return the first day of the day's month."""
    return day.replace(day=1)


def month_before(day: date) -> date:
    """Return the first day of the month before the day's month."""
    return month_of(month_of(day) - timedelta(days=1))


def month_after(day: date) -> date:
    """Return the first day of the month after the day's month."""
    return month_of(month_of(day) + timedelta(days=31))


def _anchor(anchor_day: int, month: date) -> date:
    return month.replace(day=min(anchor_day, monthrange(month.year, month.month)[1]))
