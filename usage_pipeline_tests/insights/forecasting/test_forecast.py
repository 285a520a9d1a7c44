"""Forecasts of a series: what they say of series without noise, which have one right answer, and of odd ones."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import settings as checked
from hypothesis import strategies as st

from usage_pipeline.errors import QueryError
from usage_pipeline.insights.estimates import LEVELS, Range
from usage_pipeline.insights.forecasting.forecast import (
    Forecast,
    NoForecast,
    Passing,
    forecast,
    forecast_each,
    passed,
)
from usage_pipeline.insights.forecasting.models import Method
from usage_pipeline.insights.series import DailySeries, Number
from usage_pipeline_tests.insights.daily import FIRST, WEEK, noisy, series, weeks

DAY = timedelta(days=1)


def ahead(of: DailySeries, days: int = 7) -> Forecast:
    """The forecast of so many days after the last one."""
    found = forecast(of, of.last + days * DAY)
    assert isinstance(found, Forecast)
    return found


NONE = {
    "no day": ((), "no day has a number"),
    "one day": (
        (5,),
        "1 day with a number since 2026-01-05, the first use in the 1 day up to 2026-01-05; 21 are needed",
    ),
    "six days": (
        (5,) * 6,
        "6 days with a number since 2026-01-05, the first use in the 6 days up to 2026-01-10; 21 are needed",
    ),
    "all zero": ((0,) * 90, "nothing was used in the 90 days up to 2026-04-04"),
    "all unknown": ((None,) * 90, "no day has a number"),
    "begun a week ago": (
        (0,) * 83 + (5,) * 7,
        "7 days with a number since 2026-03-29, the first use in the 90 days up to 2026-04-04; 21 are needed",
    ),
    "unknown for months": (
        (5,) * 30 + (None,) * 90,
        "2026-05-08 is more than 92 days after 2026-02-03, the last day with a number",
    ),
}


@pytest.mark.parametrize("name", NONE)
def test_the_reason_for_no_forecast_is_said(name: str) -> None:
    values, reason = NONE[name]
    of = series(values)
    assert forecast(of, of.last + 4 * DAY) == NoForecast(of, reason)


ERRORS = {
    "48 days": (noisy(1)[:48], "it takes 49 days from the first use on, and more where some are missing"),
    "49 days": (noisy(1)[:49], None),
    "the same each week": (weeks(13), "seasonal naive hardly errs"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_the_reason_for_no_error_is_said(name: str) -> None:
    values, reason = ERRORS[name]
    assert ahead(series(values)).no_error == reason


def test_a_ratio_has_no_forecast() -> None:
    of = series(weeks(13), "error_percent")
    assert forecast(of, of.last + DAY) == NoForecast(of, "error_percent is no sum of days")


def test_a_day_that_has_been_is_refused() -> None:
    with pytest.raises(QueryError, match="2026-01-11: expected a day after 2026-01-11, the last one"):
        forecast(series(WEEK), date(2026, 1, 11))


def test_weeks_that_are_all_the_same_go_on_without_doubt() -> None:
    found = ahead(series(weeks(8)))
    expected = [Decimal(value) for value in WEEK]
    assert [point.day for point in found.points] == [date(2026, 3, day) for day in range(2, 9)]
    assert [point.estimate.value for point in found.points] == expected
    assert [point.estimate.ranges for point in found.points] == [
        dict.fromkeys(LEVELS, Range(value, value)) for value in expected
    ]
    assert found.method is Method.MEAN
    assert found.accuracy is not None
    assert (found.accuracy.mase, found.accuracy.coverage[80]) == (None, Decimal("100.0"))


def test_a_constant_goes_on_without_doubt() -> None:
    found = ahead(series([5] * 40))
    assert {point.estimate.ranges[95] for point in found.points} == {Range(Decimal(5), Decimal(5))}


def test_unknown_days_are_not_zero() -> None:
    values = [None if day % 10 == 3 else value for day, value in enumerate(weeks(8))]
    expected = [int(point.estimate.value) for point in ahead(series(values)).points]
    assert expected == pytest.approx(WEEK, abs=1)


@pytest.mark.parametrize("day", [10, 55])
def test_one_giant_value_is_no_level(day: int) -> None:
    values = [10**15 if number == day else value for number, value in enumerate(weeks(8))]
    found = ahead(series(values), 14)
    assert [point.estimate.ranges[95].high for point in found.points] == [Decimal(value) for value in WEEK * 2]


def test_an_error_leaves_out_the_day_that_is_far_above_all_others() -> None:
    used = noisy(1)
    spiked = [10**12 if day == 110 else value for day, value in enumerate(used)]
    plain, found = (ahead(series(values)).accuracy for values in (used, spiked))
    assert plain is not None
    assert found is not None
    assert (plain.left_out, found.left_out) == (0, 1)
    assert found.mase == pytest.approx(plain.mase, rel=Decimal("0.2"))
    assert found.naive_mase == pytest.approx(plain.naive_mase, rel=Decimal("0.2"))


def test_two_spikes_in_a_short_history_are_not_expected_again() -> None:
    used = noisy(3, 35, noise=0.2)
    spiked = [10 * value if day in {12, 30} else value for day, value in enumerate(used)]
    plain, found = (ahead(series(values), 30) for values in (used, spiked))
    high = found.total(found.first, found.last).ranges[80].high
    assert high < 2 * plain.total(plain.first, plain.last).value


def test_growth_goes_on_although_the_same_weekday_before_says_otherwise() -> None:
    grown = [round(1000 * 1.01**day) for day in range(120)]
    found = ahead(series(grown), 30)
    assert found.method is not Method.SEASONAL_NAIVE
    last = found.points[-1].estimate
    assert abs(last.value / round(1000 * 1.01**149) - 1) < Decimal("0.1")


def test_a_period_is_what_is_known_and_what_is_expected() -> None:
    found = ahead(series([*weeks(8), *WEEK[:3], None]), 10)
    first, last = date(2026, 3, 1), date(2026, 3, 8)
    assert found.total(first, last).value == Decimal(30 + sum(WEEK))


def test_money_has_six_places() -> None:
    found = ahead(series([Decimal("0.0123456789")] * 30, "cost"))
    assert str(found.points[0].estimate.value) == "0.012346"
    assert str(found.total(found.first, found.last).row["high_95"]) == "0.086420"


PASSINGS = {
    "within the forecast": (Decimal(500), Passing(Decimal("1.00"), *[date(2026, 3, 6)] * 3)),
    "reached and not passed": (Decimal(650), Passing(Decimal("0.00"), None, None, None)),
    "before the forecast": (Decimal(29), passed(date(2026, 3, 1))),
}


@pytest.mark.parametrize("name", PASSINGS)
def test_an_amount_is_passed_on_the_day_on_which_the_sum_is_more(name: str) -> None:
    amount, expected = PASSINGS[name]
    assert ahead(series(weeks(8))).passing(amount, date(2026, 3, 1), date(2026, 3, 8)) == expected


def test_probabilities_and_days_follow_the_paths() -> None:
    found = ahead(series(noisy(1, noise=0.3)), 30)
    half = found.total(found.first, found.last).value
    passing = found.passing(half, found.first, found.last)
    assert passing.probability == Decimal("0.50")
    assert passing.earliest is not None
    assert found.last - 4 * DAY <= passing.earliest < found.last
    assert passing.latest is None


def test_a_sum_is_surer_than_its_days_together() -> None:
    found = ahead(series(noisy(2)), 30)
    spans = [point.estimate.ranges[80].high - point.estimate.ranges[80].low for point in found.points]
    of_sum = found.total(found.first, found.last).ranges[80]
    assert of_sum.high - of_sum.low < sum(spans) / 2


def test_a_series_has_the_same_forecast_alone_and_among_others() -> None:
    every = [series(days) for days in (noisy(1), weeks(13), noisy(2), [], noisy(3, 40), [None] * 90)]
    until = series(noisy(1)).last + 20 * DAY
    assert list(forecast_each(every, until)) == [forecast(one, until) for one in every]


VALUES = st.none() | st.integers(0, 20) | st.integers(0, 10**18) | st.just(0)


@given(st.lists(VALUES, max_size=60), st.integers(1, 40))
@checked(max_examples=60, deadline=None)
def test_whatever_was_used_ranges_hold_each_other_and_are_not_below_zero(
    values: Sequence[Number | None], days: int
) -> None:
    of = series(values)
    found = forecast(of, of.last + days * DAY)
    if isinstance(found, NoForecast):
        assert found.reason
        return
    for estimate in (*(point.estimate for point in found.points), found.total(found.first, found.last)):
        row = estimate.row
        ends = [row[name] for name in ("low_95", "low_80", "low_50", "value", "high_50", "high_80", "high_95")]
        assert ends == sorted(ends)
        assert ends[0] >= 0


def test_days_before_the_history_have_no_sum() -> None:
    found = ahead(series(weeks(8)))
    with pytest.raises(QueryError, match="2026-01-04 to 2026-03-01: expected days from 2026-01-05"):
        found.total(FIRST - DAY, date(2026, 3, 1))
