"""Trends of a series: averages of its last days, and how they compare with the days before.

Averages are over the days with a number, so that a missing day changes none; those of a ratio are weighted by its
denominators, so that they are the ratio of the whole. Comparisons begin with the first use: who is new does not
grow because there was nothing before.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from usage_pipeline.billing.ledger.entries import NOTHING, exact
from usage_pipeline.insights.estimates import rounded
from usage_pipeline.insights.series import DailySeries

_PERCENT_PLACES = 1
_MORE_PLACES = 2
"""Decimals of an average, in addition to those of the measure."""
_DAY = timedelta(days=1)


class Span(StrEnum):
    """What is compared with what."""

    DAY = "day"
    """The last day with the one before it."""
    SAME_WEEKDAY = "same weekday"
    """The last day with that of the week before."""
    WEEK = "week"
    """The last 7 days with the 7 before."""
    FOUR_WEEKS = "4 weeks"
    """The last 28 days with the 28 before."""
    MONTH = "month"
    """The last 30 days with the 30 before."""


_DAYS: dict[Span, tuple[int, int]] = {
    Span.DAY: (1, 1),
    Span.SAME_WEEKDAY: (1, 7),
    Span.WEEK: (7, 7),
    Span.FOUR_WEEKS: (28, 28),
    Span.MONTH: (30, 30),
}
"""The days of a span, and how far before it the other one begins."""


@dataclass(frozen=True)
class Average:
    """The average of the days from first to last that have a number."""

    first: date
    last: date
    value: Decimal | None
    """A day; null if none has a number."""
    known_days: int


@dataclass(frozen=True)
class Comparison:
    """An average, and that of the days before."""

    now: Average
    before: Average

    @property
    def change(self) -> Decimal | None:
        """What it is more, below zero if less; null where one of them is not known."""
        if self.now.value is None or self.before.value is None:
            return None
        with exact():
            return self.now.value - self.before.value

    @property
    def percent(self) -> Decimal | None:
        """The same in percent of what it was before, one decimal; null if that was nothing."""
        if self.change is None or not self.before.value:
            return None
        with exact():
            return rounded(100 * self.change / self.before.value, _PERCENT_PLACES)


def average(series: DailySeries, first: date, last: date) -> Average:
    """Return the average of the days from first to last; days outside of the series have no number."""
    part = series.between(first, last)
    weights = part.weights or (1,) * len(part.values)
    pairs = [
        (Decimal(value), Decimal(weight))
        for value, weight in zip(part.values, weights, strict=True)
        if value is not None and weight
    ]
    with exact():
        whole = sum((weight for _, weight in pairs), NOTHING)
        total = sum((value * weight for value, weight in pairs), NOTHING)
        value = rounded(total / whole, series.measure.places + _MORE_PLACES) if whole else None
    return Average(first, last, value, len(pairs))


def compare(series: DailySeries, span: Span, last: date) -> Comparison:
    """Return how the days of a span up to a day compare with those before."""
    days, back = _DAYS[span]
    first, before = last - (days - 1) * _DAY, timedelta(days=back)
    used = series.used or series
    return Comparison(average(used, first, last), average(used, first - before, last - before))


@dataclass(frozen=True)
class Trend:
    """How a series goes, as of its last known day."""

    series: DailySeries
    day: date
    week: Average
    """The last 7 days."""
    four_weeks: Average
    """The last 28 days."""
    comparisons: dict[Span, Comparison]


def trend(series: DailySeries) -> Trend | None:
    """Return how a series goes; None if no day has a number."""
    day = series.last_known
    if day is None:
        return None
    found = {span: compare(series, span, day) for span in Span}
    return Trend(series, day, found[Span.WEEK].now, found[Span.FOUR_WEEKS].now, found)
