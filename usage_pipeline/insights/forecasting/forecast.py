"""The forecast of a series: what is expected of each day and of their sums, and how sure that is."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from itertools import accumulate

import numpy as np

from usage_pipeline.billing.ledger.entries import exact
from usage_pipeline.clock import days_between
from usage_pipeline.errors import QueryError
from usage_pipeline.insights.estimates import LEVELS, Estimate, estimates, rounded
from usage_pipeline.insights.forecasting.backtest import (
    LEAST_SEASONS,
    METHODS,
    WINDOW_SEASONS,
    Backtest,
    Fits,
    Scores,
)
from usage_pipeline.insights.forecasting.models import Method
from usage_pipeline.insights.forecasting.paths import DRAWS
from usage_pipeline.insights.matrix import Floats
from usage_pipeline.insights.series import DailySeries
from usage_pipeline.words import count

WEEK = 7
LEAST_DAYS = LEAST_SEASONS * WEEK
"""Known days, from the first use of the series on, below which there is no forecast."""
WINDOW_DAYS = WINDOW_SEASONS * WEEK
LEAST_ERROR_DAYS = LEAST_DAYS + 2 * WINDOW_DAYS
"""Days from the first use on that an error takes: one window to choose the method by, and one to score it."""
MOST_AHEAD = 92
_ERROR_PLACES = 3
_DAY = timedelta(days=1)
_TOGETHER = 100
"""Series that are computed at once; the paths of more would take too much memory."""


@dataclass(frozen=True)
class ForecastPoint:
    """What is expected of a day."""

    day: date
    estimate: Estimate


@dataclass(frozen=True)
class Accuracy:
    """How forecasts made in the same way came true, on days that were not used to choose the method."""

    windows: int
    days: int
    """Days of a window."""
    mase: Decimal | None
    """Mean absolute error, in those of `seasonal naive` one week ahead; null if that hardly errs."""
    naive_mase: Decimal | None
    """The same of `seasonal naive` on these windows: of the value a week before, the last known one."""
    left_out: int
    """Days of the windows that are far above all others: with one of them an error would say nothing."""
    coverage: Mapping[int, Decimal]
    """Percent of the days that were within the range of each level."""


@dataclass(frozen=True)
class Passing:
    """Whether and when a sum passes an amount."""

    probability: Decimal
    """From 0 to 1, that it does by the last day; two decimals."""
    day: date | None
    """The day by which it has done so in half of all paths; None if it does in fewer."""
    earliest: date | None
    """The same for a tenth of all paths."""
    latest: date | None
    """The same for nine tenths."""
    is_over: bool = False
    """Whether it has done so already, by what was used: the days are when, None if that is not known."""


def passed(day: date | None) -> Passing:
    """Return that a sum has passed an amount already: on a day, or nobody knows when."""
    return Passing(Decimal("1.00"), day, day, day, is_over=True)


def passing_of(shares: Sequence[float], first: date) -> Passing:
    """Return what the part of the paths that has passed by each day, from the first on, comes to."""
    day, earliest, latest = (_reached(shares, part, first) for part in (0.5, 0.1, 0.9))
    return Passing(rounded(float(shares[-1]), 2), day, earliest, latest)


@dataclass(frozen=True)
class Forecast:
    """What is expected of a series after its last known day. All amounts are estimates."""

    series: DailySeries
    points: tuple[ForecastPoint, ...]
    method: Method
    candidates: Mapping[Method, Decimal | None]
    """The mean error of each method on the windows by which the method was chosen; a day errs at most three times
    as much as `seasonal naive`."""
    accuracy: Accuracy | None
    """None if the history is too short to tell."""
    paths: Floats = field(repr=False, compare=False)
    """Equally likely courses, by draw and day."""

    @property
    def first(self) -> date:
        """The first day that is forecast."""
        return self.points[0].day

    @property
    def last(self) -> date:
        """The last one."""
        return self.points[-1].day

    @property
    def no_error(self) -> str | None:
        """Why there is no mean error of such forecasts; None if there is one."""
        if self.accuracy is None:
            return f"it takes {LEAST_ERROR_DAYS} days from the first use on, and more where some are missing"
        return "seasonal naive hardly errs" if self.accuracy.mase is None else None

    def total(self, first: date, last: date) -> Estimate:
        """Return the sum of days: what is known of them, and what is expected of the others.

        Days before the forecast of which nothing is known are in no sum. Raises QueryError if the forecast ends
        before the last of the days, or the series begins after the first.
        """
        known, ahead = self._parts(first, last)
        return estimates(ahead.sum(axis=1, keepdims=True), self.series.measure.places, known.total)[0]

    def so_far(self, first: date, last: date) -> DailySeries:
        """Return those of the days that are before the forecast. Raises as `total` does."""
        return self._parts(first, last)[0]

    def passing(self, amount: Decimal, first: date, last: date) -> Passing:
        """Return whether and when the sum from the first day on is more than an amount. Raises as `total` does."""
        known, ahead = self._parts(first, last)
        with exact():
            so_far = list(accumulate(Decimal(value or 0) for value in known.values))
        sums = np.round(np.cumsum(ahead, axis=1) + float(so_far[-1] if so_far else 0), self.series.measure.places)
        over = next((day for day, total in zip(known.days, so_far, strict=True) if total > amount), None)
        if over is not None:
            return passed(over)
        return passing_of([*(0.0 for _ in so_far), *(sums > float(amount)).mean(axis=0)], first)

    def _parts(self, first: date, last: date) -> tuple[DailySeries, Floats]:
        """Return the days before the forecast, and the paths of the others."""
        if not self.series.first <= first <= last <= self.last:
            raise QueryError(
                f"{first} to {last}: expected days from {self.series.first}, with which the history begins, to "
                f"{self.last}, with which the forecast ends."
            )
        start, end = ((day - self.first).days for day in (first, last + _DAY))
        return self.series.between(first, min(last, self.first - _DAY)), self.paths[:, max(0, start) : max(0, end)]


@dataclass(frozen=True)
class NoForecast:
    """That there is no forecast of a series, and why."""

    series: DailySeries
    reason: str


def forecast(series: DailySeries, until: date) -> Forecast | NoForecast:
    """Return the forecast of the days after the last known one, up to a day; or the reason why there is none.

    Raises QueryError for a day that the series reaches.
    """
    return next(forecast_each([series], until))


def forecast_each(series: Sequence[DailySeries], until: date) -> Iterator[Forecast | NoForecast]:
    """Yield the forecast of each series, in order, as `forecast` returns it, and much faster than one by one."""
    for start in range(0, len(series), _TOGETHER):
        part = series[start : start + _TOGETHER]
        reasons = [why_none(entry, until) for entry in part]
        found = _forecasts([entry for entry, reason in zip(part, reasons, strict=True) if reason is None], until)
        for entry, reason in zip(part, reasons, strict=True):
            yield next(found) if reason is None else NoForecast(entry, reason)


def why_none(series: DailySeries, until: date) -> str | None:
    """Return why a series has no forecast until a day; None if it has one. Raises as `forecast` does."""
    if until <= series.last:
        raise QueryError(f"{until}: expected a day after {series.last}, the last one of the history.")
    if not series.measure.is_sum:
        return f"{series.measure.name} is no sum of days"
    used = series.used
    # Whether something was used before the series is not known here.
    looked_at = f"{count(len(series.values), 'day')} up to {series.last}"
    if used is None:
        return f"nothing was used in the {looked_at}" if series.known_days else "no day has a number"
    if used.known_days < LEAST_DAYS:
        known = count(used.known_days, "day")
        return (
            f"{known} with a number since {used.first}, the first use in the {looked_at}; {LEAST_DAYS} are needed"
        )
    if (until - used.last).days > MOST_AHEAD:
        return f"{until} is more than {MOST_AHEAD} days after {used.last}, the last day with a number"
    return None


def _forecasts(series: Sequence[DailySeries], until: date) -> Iterator[Forecast]:
    """Yield the forecast of each series, all of which have one."""
    if not series:
        return
    used = [part for part in (entry.used for entry in series) if part is not None]
    rows = _rows(used)
    ahead = [(until - part.last).days for part in used]
    tested = Backtest.of(rows, WEEK)
    scores, errors, best = tested.scores(), tested.mean_errors, tested.best
    paths = tested.paths(Fits.of(rows, WEEK, max(ahead)), DRAWS)
    for row, (entry, part) in enumerate(zip(series, used, strict=True)):
        courses = paths[row, :, : ahead[row]]
        yield Forecast(
            series=entry,
            points=_points(part, courses),
            method=METHODS[best[row]],
            candidates=dict(zip(METHODS, map(_decimal, errors[row]), strict=True)),
            accuracy=_accuracy(scores, row),
            paths=courses,
        )


def _rows(series: Sequence[DailySeries]) -> Floats:
    """Return the series as rows that end together, with NaN before the beginning of each."""
    rows = np.full((len(series), max(len(part.values) for part in series)), np.nan)
    for row, part in zip(rows, series, strict=True):
        row[len(row) - len(part.values) :] = np.maximum(part.array, 0)
    return rows


def _points(used: DailySeries, courses: Floats) -> tuple[ForecastPoint, ...]:
    days = days_between(used.last + _DAY, used.last + courses.shape[1] * _DAY)
    found = estimates(courses, used.measure.places)
    return tuple(ForecastPoint(day, expected) for day, expected in zip(days, found, strict=True))


def _accuracy(scores: Scores, row: int) -> Accuracy | None:
    if not scores.windows[row]:
        return None
    covered = (rounded(100 * part, 1) for part in scores.coverage[row])
    return Accuracy(
        windows=int(scores.windows[row]),
        days=WINDOW_DAYS,
        mase=_decimal(scores.error[row]),
        naive_mase=_decimal(scores.naive[row]),
        left_out=int(scores.left_out[row]),
        coverage=dict(zip(LEVELS, covered, strict=True)),
    )


def _decimal(error: float) -> Decimal | None:
    return rounded(error, _ERROR_PLACES) if np.isfinite(error) else None


def _reached(shares: Sequence[float], part: float, first: date) -> date | None:
    """Return the day by which so many paths are over; None if fewer are at the end."""
    return next((first + at * _DAY for at, share in enumerate(shares) if share >= part), None)
