"""The billing calendar: periods of a month, from a tenant's anchor day to the day before the next. UTC."""

from calendar import monthrange
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from usage_pipeline.days import days_between


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
        """Its days."""
        return days_between(self.first, self.last)


def billing_period(anchor_day: int, month: date) -> BillingPeriod:
    """The period that begins in the month of this day; anchor days beyond the month's end are its last day."""
    following = month_after(month)
    return BillingPeriod(_anchor(anchor_day, month), _anchor(anchor_day, following) - timedelta(days=1))


def period_of(anchor_day: int, day: date) -> BillingPeriod:
    """The period that the day is in."""
    period = billing_period(anchor_day, day)
    return period if period.first <= day else billing_period(anchor_day, month_before(day))


def period_among(anchor_day: int, month: date, closed: Mapping[date, BillingPeriod]) -> BillingPeriod:
    """The period that begins in the month of this day, of a tenant with these closed periods, by their months.

    A closed period stays as it is. An open one begins the day after the closed one of the month before, and ends
    the day before the closed one of the month after, whatever the anchor day has become meanwhile. So each month
    has one period and each day is in one, also where the anchor day has changed.
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


def by_month(periods: Iterable[BillingPeriod]) -> dict[date, BillingPeriod]:
    """The periods by the first day of the month in which they begin."""
    return {month_of(period.first): period for period in periods}


def month_of(day: date) -> date:
    """The first day of its month."""
    return day.replace(day=1)


def month_before(day: date) -> date:
    """The first day of the month before."""
    return month_of(month_of(day) - timedelta(days=1))


def month_after(day: date) -> date:
    """The first day of the month after."""
    return month_of(day) + timedelta(days=monthrange(day.year, day.month)[1])


def _anchor(anchor_day: int, month: date) -> date:
    return month.replace(day=min(anchor_day, monthrange(month.year, month.month)[1]))
