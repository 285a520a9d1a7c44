"""How the page adds, rounds, averages and writes, asked in the page itself."""

from collections.abc import Callable
from typing import Any

import pytest

from usage_pipeline_tests.api.dashboard.conftest import Visit


@pytest.fixture
def value_of(new_page: Callable[..., Visit]) -> Callable[[str, str], Any]:
    """Returns the value of an expression with the names of a module."""
    visit = new_page()
    page = visit.page
    page.goto(f"{visit.address}/dashboard/icon.svg")  # a page of the same origin that does nothing

    def value(module: str, expression: str) -> Any:
        return page.evaluate(f"import('/dashboard/app/format/{module}.js').then((m) => {expression})")

    return value


def test_numbers_are_written_short_with_three_digits(value_of: Callable[[str, str], Any]) -> None:
    written = {
        "999": "999",
        "1000": "1k",
        "12345": "12.3k",
        "999499": "999k",
        "999500": "1M",
        "3000000000": "3B",
        "-4100000000000": "-4.1T",
        "12.3456": "12.3",
        "0.00012345": "0.000123",
        "null": "–",
    }
    values = ", ".join(written)
    assert value_of("numbers", f"[{values}].map(m.short)") == [*written.values()]


def test_money_is_rounded_half_to_even_from_exact_decimals(value_of: Callable[[str, str], Any]) -> None:
    written = {
        "0": "0.00",
        "0.125": "0.125000",
        "2.125": "2.12",
        "2.135": "2.14",
        "-2.125": "-2.12",
        "0.0000005": "0.000000",
        "1234567.891": "1,234,567.89",
        "90071992547409939.005": "90,071,992,547,409,939.00",
    }
    assert value_of("numbers", f"{[*written]!r}.map(m.money)") == [*written.values()]
    assert value_of("decimals", "m.sum(['0.1', '0.2', null, '-0.05'])") == "0.25"
    assert (
        value_of("decimals", "m.sum(['90071992547409931', '0.000000000001'])") == "90071992547409931.000000000001"
    )
    assert value_of("decimals", "[m.less('1', '1.50'), m.less('-1', '-1'), m.sum([null])]") == ["-0.5", "0", None]


def test_changes_and_differences_have_a_sign_and_one_decimal(value_of: Callable[[str, str], Any]) -> None:
    pairs = "[[150, 100], [50, 200], ['1.5', '1.5'], [5, 0], [null, 5], [1, 1000]]"
    found = value_of("numbers", f"{pairs}.map(([now, before]) => m.change(now, before))")
    assert found == ["+50 %", "-75 %", "0 %", None, None, "-99.9 %"]
    assert value_of("numbers", "[m.difference('30.5', '37.8'), m.difference(null, '1')]") == ["-7.3 points", None]
    assert value_of("numbers", "[m.share('99.9999'), m.share('112'), m.share(null)]") == ["99.9 %", "112 %", "–"]


def test_the_average_of_a_week_leaves_missing_days_out(value_of: Callable[[str, str], Any]) -> None:
    days = "[7, 0, 0, null, 14, 0, 0, 1, null, 70]"
    assert value_of("averages", f"m.weekAverages({days}, 6)") == [3.5, 2.5, None, 17]
    assert value_of("averages", "m.weekAverages([1, 0, 0, 0], 3)") == [0.2]
    assert value_of("averages", "m.weekAverages(['0.1', '0.2'], 0, 6)") == [0.1, 0.15]


def test_an_alert_says_in_words_what_it_is_about(value_of: Callable[[str, str], Any]) -> None:
    alerts = "[{kind: 'unpriced_usage', subject: '(none)'}, {kind: 'anomaly', subject: 'higher'}]"
    told = ["Usage that names no model", "Numbers higher than expected"]
    assert value_of("../views/limits", f"{alerts}.map(m.aboutOf)") == told


def test_an_anomaly_is_told_with_what_explains_it_best(value_of: Callable[[str, str], Any]) -> None:
    anomaly = """{
        measure: 'cost', kind: 'rise', severity: 'high', first_day: '2026-05-18', last_day: '2026-05-20',
        value: '12.5', expected: '3', low: '2', high: '4.125',
        causes: [
            {dimension: 'model', value: 'x', found: '10', usual: null, weight: '0.5', usual_weight: '0'},
            {dimension: 'model', value: 'y', found: '2.5', usual: '2', weight: null},
            {dimension: 'project', value: 'red', found: '3', usual: '2', weight: null},
        ],
    }"""
    assert value_of("../views/insights", f"m.told({anomaly})") == {
        "days": "18 May 2026 to 20 May 2026",
        "label": "Cost, USD",
        "kind": "Rise",
        "severity": "high",
        "value": "12.50",
        "expected": "3.00 (2.00 to 4.12)",
        "because": "Model x: 10.00 instead of –, weight 50.0 % instead of 0.0 %; y: 2.50 instead of 2.00",
    }


def test_days_and_times_are_those_of_their_zone(value_of: Callable[[str, str], Any]) -> None:
    assert value_of("days", "[m.addDays('2026-02-28', 1), m.lengthOf('2026-02-28', '2026-03-02')]") == [
        "2026-03-01",
        2,
    ]
    assert value_of("days", "m.timeText('2026-05-21T22:30:00Z', 'Europe/Berlin')") == "22 May 2026, 00:30"
    assert value_of("days", "['2026-05-18', '2026-05-24'].map(m.weekdayOf)") == [0, 6]
    times = "[0, 999, 1012, 59999, 72000, 3600000, null]"
    written = ["0 ms", "999 ms", "1 s", "60 s", "1 min 12 s", "1 h 0 min", "–"]
    assert value_of("numbers", f"{times}.map(m.duration)") == written
