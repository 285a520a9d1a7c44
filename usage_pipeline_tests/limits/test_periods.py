"""The days of the period that holds a day, for each kind of period."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usage_pipeline.billing.calendar import BillingPeriod
from usage_pipeline.clock import Clock
from usage_pipeline.limits.periods import BillingCalendar, DayRange, Period, PeriodKind, open_days, period_of


def days(text: str) -> DayRange:
    first, last = text.split(" ")
    return DayRange(date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize(
    ("period", "day", "expected"),
    [
        (Period(PeriodKind.DAY), "2026-02-20", "2026-02-20 2026-02-20"),
        (Period(PeriodKind.WEEK), "2026-02-16", "2026-02-16 2026-02-22"),  # a Monday
        (Period(PeriodKind.WEEK), "2026-02-22", "2026-02-16 2026-02-22"),
        (Period(PeriodKind.WEEK), "2026-01-01", "2025-12-29 2026-01-04"),
        (Period(PeriodKind.MONTH), "2026-12-31", "2026-12-01 2026-12-31"),
        (Period(PeriodKind.MONTH), "2028-02-01", "2028-02-01 2028-02-29"),
        (Period(PeriodKind.ROLLING, 1), "2026-03-01", "2026-03-01 2026-03-01"),
        (Period(PeriodKind.ROLLING, 30), "2026-03-01", "2026-01-31 2026-03-01"),
    ],
)
def test_a_calendar_period_holds_the_day(period: Period, day: str, expected: str) -> None:
    assert period_of(period, date.fromisoformat(day)) == days(expected)


@pytest.mark.parametrize(
    ("anchor", "day", "expected"),
    [
        (1, "2026-02-28", "2026-02-01 2026-02-28"),
        (15, "2026-02-14", "2026-01-15 2026-02-14"),
        (15, "2026-02-15", "2026-02-15 2026-03-14"),
        (31, "2026-02-27", "2026-01-31 2026-02-27"),
        (31, "2026-02-28", "2026-02-28 2026-03-30"),
        (31, "2026-01-01", "2025-12-31 2026-01-30"),
    ],
)
def test_a_billing_period_begins_on_the_anchor_day(anchor: int, day: str, expected: str) -> None:
    found = BillingCalendar(anchor, {}).period_of(date.fromisoformat(day))
    assert found == days(expected)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2026-02-14", "2026-02-01 2026-02-14"),
        ("2026-02-20", "2026-02-15 2026-03-31"),  # the period of March
        ("2026-04-01", "2026-04-01 2026-04-30"),
    ],
)
def test_after_a_change_of_the_anchor_day_no_day_is_in_two_periods(day: str, expected: str) -> None:
    closed = BillingPeriod(date(2026, 2, 1), date(2026, 2, 14))
    found = BillingCalendar(1, {date(2026, 2, 1): closed}).period_of(date.fromisoformat(day))
    assert found == days(expected)


@given(st.datetimes(datetime(2026, 1, 1), datetime(2026, 3, 1), timezones=st.just(UTC)), st.integers(0, 10))  # noqa: DTZ001 - hypothesis adds the zone
def test_no_day_that_is_final_is_open(now: datetime, lateness: int) -> None:
    clock = Clock(now, timedelta(days=lateness), timedelta(hours=6))
    assert open_days(clock) == [
        day
        for day in (now.date() - timedelta(days=back) for back in range(20, -1, -1))
        if clock.final_at(day) > now
    ]
