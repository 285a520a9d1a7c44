"""Anomalies: what is odd, how it is named, and that nothing later than a day decides about it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import settings as checked
from hypothesis import strategies as st

from usage_pipeline.errors import QueryError
from usage_pipeline.insights.anomalies.detection import (
    Anomaly,
    Judged,
    Kind,
    NotJudged,
    Severity,
    find_anomalies,
)
from usage_pipeline.insights.series import DailySeries, Number
from usage_pipeline_tests.insights.daily import FIRST, noisy, series, weeks

DAY = timedelta(days=1)
PLANTED = FIRST + 100 * DAY
"""A Wednesday."""


def found(of: DailySeries, since: date = PLANTED, holidays: Sequence[date] = ()) -> tuple[Anomaly, ...]:
    """The anomalies of the days since one."""
    judged = find_anomalies(of, since, holidays)
    assert isinstance(judged, Judged)
    return judged.anomalies


def planted(factor: float, days: int = 1) -> list[int]:
    """Days of which some are other than usual, from the planted day on."""
    return [round(value * factor) if 100 <= day < 100 + days else value for day, value in enumerate(noisy(1))]


CASES = {
    "a day of three times as much": (planted(3), Kind.SPIKE, PLANTED),
    "a day of a third": (planted(0.3), Kind.DROP, PLANTED),
    "a day of nothing": (planted(0), Kind.DROP, PLANTED),
    "half as much again from now on": (planted(1.5, 20), Kind.RISE, PLANTED + 6 * DAY),
    "half from now on": (planted(0.5, 20), Kind.FALL, PLANTED + 6 * DAY),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_odd_is_named_and_dated(name: str) -> None:
    values, kind, last_at_least = CASES[name]
    (anomaly,) = found(series(values))
    assert (anomaly.kind, anomaly.first_day) == (kind, PLANTED)
    assert anomaly.last_day >= last_at_least
    assert anomaly.value == values[(anomaly.worst_day - FIRST).days]
    assert not anomaly.range.low <= anomaly.value <= anomaly.range.high
    assert anomaly.range.low < anomaly.expected < anomaly.range.high


def test_days_as_usual_are_not_odd_whatever_the_weekday() -> None:
    assert found(series(noisy(1))) == ()
    assert found(series(weeks(16))) == ()
    assert found(series([5] * 112)) == ()


def test_a_day_is_expected_to_be_as_its_weekday_was() -> None:
    (anomaly,) = found(series([*weeks(16), 100, 120, 400]), FIRST + 112 * DAY)
    assert (anomaly.expected, anomaly.value) == (Decimal(120), Decimal(400))
    assert anomaly.severity is Severity.HIGH


@pytest.mark.parametrize("factor", [5, 1000, 0])
def test_a_week_after_an_odd_day_the_usual_is_usual(factor: int) -> None:
    values = weeks(7)
    values[31] *= factor
    assert [entry.last_day for entry in found(series(values), FIRST + 31 * DAY)] == [FIRST + 31 * DAY]


@pytest.mark.parametrize(("apart", "anomalies"), [(1, 1), (2, 1), (3, 2), (7, 2)])
def test_odd_days_with_one_day_between_them_are_one_anomaly(apart: int, anomalies: int) -> None:
    values = weeks(18)
    for day in (112, 112 + apart):
        values[day] *= 5
    assert len(found(series(values), FIRST + 112 * DAY)) == anomalies


def test_an_anomaly_is_the_same_whatever_days_are_judged() -> None:
    lasting = series(planted(1.5, 20))
    (whole,) = found(lasting)
    assert found(lasting, PLANTED + 6 * DAY) == (whole,)


def test_unknown_days_are_not_odd_and_hide_nothing() -> None:
    values = [None if day % 10 == 3 else value for day, value in enumerate(planted(3))]
    assert [(entry.kind, entry.first_day) for entry in found(series(values))] == [(Kind.SPIKE, PLANTED)]


def test_one_giant_value_is_odd_and_no_new_level() -> None:
    values: list[Number | None] = [10**15 if day == 100 else value for day, value in enumerate(weeks(16))]
    (anomaly,) = found(series(values))
    assert (anomaly.kind, anomaly.last_day, anomaly.expected) == (Kind.SPIKE, PLANTED, Decimal(120))


def test_days_after_a_missing_one_are_compared_with_their_own_weekdays() -> None:
    values = [None if day == 100 else value for day, value in enumerate(weeks(16))]
    assert found(series(values)) == ()


def test_a_new_level_is_usual_after_a_while() -> None:
    lasting = [value if day < 100 else value * 2 for day, value in enumerate(noisy(1, 180))]
    (anomaly,) = found(series(lasting))
    assert anomaly.last_day < PLANTED + 21 * DAY


@pytest.mark.parametrize("day", range(100, 104))
def test_a_day_is_judged_by_what_was_before_it(day: int) -> None:
    whole, until = series(planted(3)), series(planted(3)[: day + 1])
    judged = FIRST + day * DAY
    assert [entry for entry in found(whole) if entry.first_day == judged] == list(found(until, judged))


def test_holidays_are_expected_to_be_usual_days_or_sundays() -> None:
    quiet = series([*weeks(16), 30])
    monday = quiet.last
    assert [entry.kind for entry in found(quiet, monday)] == [Kind.DROP]
    assert found(quiet, monday, [monday]) == ()
    assert [entry.kind for entry in found(series([*weeks(16), 5]), monday, [monday])] == [Kind.DROP]


def test_a_past_holiday_does_not_lower_what_is_expected() -> None:
    values = weeks(16)
    holidays = [FIRST + 7 * week * DAY for week in range(9, 16)]
    for day in holidays:
        values[(day - FIRST).days] = 30
    assert found(series([*values, 100]), FIRST + 112 * DAY, holidays) == ()


def test_a_ratio_has_anomalies_too() -> None:
    prices = [Decimal("0.000002")] * 60
    (anomaly,) = found(series([*prices, Decimal("0.000008")], "cost_per_token"), FIRST + 60 * DAY)
    assert (anomaly.kind, anomaly.expected) == (Kind.SPIKE, Decimal("0.000002000000"))


REASONS = {
    "no day": ((None,) * 40, "no day has a number"),
    "no day lately": ((5,) * 40 + (None,) * 20, "no day since 2026-02-25 has a number"),
    "one day": ((5,), "nothing was used in the 182 days up to 2026-01-02"),
    "six days": (
        (5,) * 6,
        "3 days with a number since 2026-01-05, the first use in the 182 days up to 2026-01-07; 28 are needed",
    ),
    "all zero": ((0,) * 90, "nothing was used in the 182 days up to 2026-04-01"),
    "rare use": (
        (5, 0, 0, 0) * 20,
        "use on 20 of 77 days up to 2026-03-22; a third of them is needed",
    ),
}


@pytest.mark.parametrize("name", REASONS)
def test_the_reason_for_no_judgement_is_said(name: str) -> None:
    values, reason = REASONS[name]
    of = series(values)
    assert find_anomalies(of, of.last - 8 * DAY) == NotJudged(of, reason)


@pytest.mark.parametrize(
    ("errors", "reason"),
    [
        ([0] * 90, "it was 0 in the 182 days up to 2026-04-01"),
        ([5, 0, 0, 0] * 20, "value above 0 on 20 of 77 days up to 2026-03-22; a third of them is needed"),
    ],
)
def test_the_reason_for_no_judgement_of_a_ratio_is_said(errors: list[int], reason: str) -> None:
    of = replace(series(errors, "error_percent"), weights=(100,) * len(errors))
    assert find_anomalies(of, of.last - 8 * DAY) == NotJudged(of, reason)


def test_the_first_judged_day_and_the_reason_for_no_earlier_one_are_told() -> None:
    judged = find_anomalies(series((5,) * 40), FIRST + 20 * DAY)
    assert isinstance(judged, Judged)
    assert (judged.days[0], judged.reason) == (
        FIRST + 30 * DAY,
        "27 days with a number since 2026-01-05, the first use in the 182 days up to 2026-01-31; 28 are needed",
    )


def test_where_all_days_asked_for_are_judged_no_reason_is_told() -> None:
    judged = find_anomalies(series((5,) * 40), FIRST + 30 * DAY)
    assert isinstance(judged, Judged)
    assert judged.reason is None


def test_days_after_the_series_are_refused() -> None:
    with pytest.raises(
        QueryError, match="2026-06-01: expected a day up to 2026-02-01, with which the series ends"
    ):
        find_anomalies(series(weeks(4)), date(2026, 6, 1))


@given(st.lists(st.none() | st.integers(0, 20) | st.integers(0, 10**18), min_size=30, max_size=60))
@checked(max_examples=40, deadline=None)
def test_whatever_was_used_nothing_breaks(values: Sequence[Number | None]) -> None:
    of = series(values)
    judged = find_anomalies(of, of.last - 3 * DAY)
    if isinstance(judged, Judged):
        assert all(entry.range.low >= 0 and entry.score > 0 for entry in judged.anomalies)
