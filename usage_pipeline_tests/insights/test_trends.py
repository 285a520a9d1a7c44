"""Trends: averages of the last days, and how they compare with those before."""

from datetime import timedelta
from decimal import Decimal

from usage_pipeline.insights.measures import MEASURES
from usage_pipeline.insights.series import DailySeries
from usage_pipeline.insights.trends import Average, Comparison, Span, compare, trend
from usage_pipeline_tests.insights.daily import FIRST, series

DAY = timedelta(days=1)
GROWN = series(range(1, 61))
"""1 on the first day, 60 on the last one, 2026-03-05."""
LAST = FIRST + 59 * DAY


def values(comparison: Comparison) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
    """What it is now, what it was before, and the change in percent."""
    return comparison.now.value, comparison.before.value, comparison.percent


def test_the_last_days_are_compared_with_those_before() -> None:
    assert {span: values(compare(GROWN, span, LAST)) for span in Span} == {
        Span.DAY: (Decimal(60), Decimal(59), Decimal("1.7")),
        Span.SAME_WEEKDAY: (Decimal(60), Decimal(53), Decimal("13.2")),
        Span.WEEK: (Decimal(57), Decimal(50), Decimal("14.0")),
        Span.FOUR_WEEKS: (Decimal("46.5"), Decimal("18.5"), Decimal("151.4")),
        Span.MONTH: (Decimal("45.5"), Decimal("15.5"), Decimal("193.5")),
    }


def test_unknown_days_are_in_no_average_and_days_outside_of_the_series_are_unknown() -> None:
    found = compare(series([10, None, 20, None]), Span.WEEK, FIRST + 3 * DAY)
    assert found.now == Average(FIRST - 3 * DAY, FIRST + 3 * DAY, Decimal("15.00"), 2)
    assert found.before == Average(FIRST - 10 * DAY, FIRST - 4 * DAY, None, 0)
    assert (found.change, found.percent) == (None, None)


def test_growth_from_nothing_has_no_percentage() -> None:
    found = compare(series([5, 0, 5]), Span.DAY, FIRST + 2 * DAY)
    assert (found.change, found.percent) == (Decimal(5), None)


def test_who_is_new_does_not_grow() -> None:
    new = series([*[0] * 40, *[10] * 14])
    assert values(compare(new, Span.WEEK, new.last)) == (Decimal(10), Decimal(10), Decimal("0.0"))
    assert values(compare(new, Span.MONTH, new.last)) == (Decimal(10), None, None)


def test_averages_of_a_ratio_are_the_ratio_of_the_whole() -> None:
    of = DailySeries(MEASURES["tokens_per_request"], "acme", FIRST, (Decimal(100), None, Decimal(10)), (1, 0, 9))
    assert compare(of, Span.WEEK, of.last).now.value == Decimal("19.000")


def test_a_ratio_of_zero_is_of_use_and_one_of_nothing_is_not() -> None:
    errors = (None, None, *[Decimal(0)] * 27, Decimal(50))
    of = DailySeries(MEASURES["error_percent"], "acme", FIRST, errors, (0, 0, *[100] * 28))
    found = {span: compare(of, span, of.last) for span in Span}
    assert {span: values(comparison) for span, comparison in found.items()} == {
        Span.DAY: (Decimal(50), Decimal(0), None),
        Span.SAME_WEEKDAY: (Decimal(50), Decimal(0), None),
        Span.WEEK: (Decimal("7.1429"), Decimal(0), None),
        Span.FOUR_WEEKS: (Decimal("1.7857"), None, None),
        Span.MONTH: (Decimal("1.7857"), None, None),
    }
    assert [found[span].now.known_days for span in (Span.WEEK, Span.MONTH)] == [7, 28]


def test_a_trend_is_as_of_the_last_known_day() -> None:
    found = trend(series([*range(1, 61), None]))
    assert found is not None
    assert (found.day, found.week.value, found.four_weeks.value) == (LAST, Decimal("57.00"), Decimal("46.50"))
    assert trend(series([None])) is None
    assert trend(series([])) is None
