"""The billing calendar: periods of a month, from a tenant's anchor day to the day before the next. UTC."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta


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
        return [self.first + timedelta(days=offset) for offset in range((self.last - self.first).days + 1)]


def billing_period(anchor_day: int, month: date) -> BillingPeriod:
    """The period that begins in the month of this day; anchor days beyond the month's end are its last day."""
    following = _month_after(month)
    return BillingPeriod(_anchor(anchor_day, month), _anchor(anchor_day, following) - timedelta(days=1))


def period_of(anchor_day: int, day: date) -> BillingPeriod:
    """The period that the day is in."""
    period = billing_period(anchor_day, day)
    return period if period.first <= day else billing_period(anchor_day, day.replace(day=1) - timedelta(days=1))


def period_after(anchor_day: int, period: BillingPeriod) -> BillingPeriod:
    """The next one."""
    return billing_period(anchor_day, _month_after(period.first))


def _month_after(day: date) -> date:
    return day.replace(day=1) + timedelta(days=monthrange(day.year, day.month)[1])


def _anchor(anchor_day: int, month: date) -> date:
    return month.replace(day=min(anchor_day, monthrange(month.year, month.month)[1]))
