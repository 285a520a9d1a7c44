from datetime import date

import pytest

from usage_pipeline.accounts.billing import BillingPeriod, billing_period, period_after, period_of


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
    period = period_of(anchor, date(2027, 12, 31))
    for _ in range(18):
        following = period_after(anchor, period)
        assert (following.first - period.last).days == 1
        assert {period_of(anchor, day) for day in period.days} == {period}
        period = following
