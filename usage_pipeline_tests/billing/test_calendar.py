from datetime import date, timedelta
from itertools import pairwise

import pytest

from usage_pipeline.billing.calendar import (
    BillingPeriod,
    billing_period,
    by_month,
    month_after,
    period_among,
)


@pytest.mark.parametrize(
    ("anchor", "month", "first", "last"),
    [
        (1, "2026-02-14", "2026-02-01", "2026-02-28"),
        (18, "2026-03-01", "2026-03-18", "2026-04-17"),
        (31, "2026-01-01", "2026-01-31", "2026-02-27"),
        (31, "2026-02-01", "2026-02-28", "2026-03-30"),
        (29, "2028-02-01", "2028-02-29", "2028-03-28"),
        (31, "2026-12-01", "2026-12-31", "2027-01-30"),
    ],
)
def test_anchor_days_clamp_to_the_end_of_the_month(anchor: int, month: str, first: str, last: str) -> None:
    expected = BillingPeriod(date.fromisoformat(first), date.fromisoformat(last))
    assert billing_period(anchor, date.fromisoformat(month)) == expected


@pytest.mark.parametrize("anchor", [1, 15, 28, 29, 30, 31])
def test_every_day_is_in_one_period(anchor: int) -> None:
    period = billing_period(anchor, date(2027, 12, 1))
    for _ in range(18):
        following = billing_period(anchor, month_after(period.first))
        assert (following.first - period.last).days == 1
        assert (period.days[0], period.days[-1]) == (period.first, period.last)
        period = following


def spans(anchor: int, closed: list[BillingPeriod]) -> list[tuple[str, str]]:
    """First and last day of the periods of February to June 2026."""
    periods = [period_among(anchor, date(2026, month, 1), by_month(closed)) for month in range(2, 7)]
    return [(f"{period.first:%m-%d}", f"{period.last:%m-%d}") for period in periods]


MARCH = BillingPeriod(date(2026, 3, 1), date(2026, 3, 31))
FROM_MID_MARCH = BillingPeriod(date(2026, 3, 15), date(2026, 4, 14))


def test_a_later_anchor_day_makes_the_first_open_period_longer() -> None:
    assert spans(15, [MARCH]) == [
        ("02-15", "02-28"),
        ("03-01", "03-31"),
        ("04-01", "05-14"),
        ("05-15", "06-14"),
        ("06-15", "07-14"),
    ]


def test_an_earlier_anchor_day_makes_the_first_open_period_shorter() -> None:
    assert spans(1, [FROM_MID_MARCH]) == [
        ("02-01", "03-14"),
        ("03-15", "04-14"),
        ("04-15", "04-30"),
        ("05-01", "05-31"),
        ("06-01", "06-30"),
    ]


@pytest.mark.parametrize("old", [1, 15, 29, 31])
@pytest.mark.parametrize("new", [1, 14, 28, 30, 31])
def test_with_a_changed_anchor_day_every_day_is_in_one_period(old: int, new: int) -> None:
    closed = by_month(billing_period(old, date(2027, month, 1)) for month in (10, 11, 12))
    month, periods = date(2027, 8, 1), []
    for _ in range(8):
        periods.append(period_among(new, month, closed))
        month = month_after(month)
    assert {(later.first - earlier.last) for earlier, later in pairwise(periods)} == {timedelta(days=1)}
    assert all(period.first <= period.last for period in periods)
