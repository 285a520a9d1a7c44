"""The backtest: forecasts are made as of earlier steps, and compared with what came.

At each of these steps the method is the one that erred least on windows that had ended by then, and the window
after it tells how such a forecast came true. So no window is used both to choose and to score.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from usage_pipeline.insights.estimates import ENDS, LEVELS
from usage_pipeline.insights.forecasting.models import Fitted, Method, fit_all
from usage_pipeline.insights.forecasting.paths import Curve, lasting, simulated
from usage_pipeline.insights.matrix import Bools, Floats, Ints, carried, means

LEAST_SEASONS = 3
"""Seasons of known steps before a forecast."""
WINDOW_SEASONS = 2
MOST_WINDOWS = 8
METHODS = tuple(Method)
_MEAN = METHODS.index(Method.MEAN)
_SUPPOSED_WINDOWS, _SUPPOSED = 4, 1.15
"""Each method but `mean` counts as if it had erred so many times as much as that in so many windows more: a few
windows favour some method by chance."""
_MOST_UNITS = 3
"""The largest error of a step that counts, so that one odd step decides nothing."""
_LEAST_UNIT = 1e-3
"""Where `seasonal naive` errs less than this part of the mean, errors cannot be compared with it."""
_DRAWS = 200
_NEAR = 1e-9
"""What floats lose on the way to the scale of the models and back, as a part of a value."""


@dataclass(frozen=True)
class Scores:
    """How forecasts came true, by row; NaN where no window tells."""

    windows: Ints
    error: Floats
    """The mean scaled error."""
    naive: Floats
    """That of the value a season before."""
    left_out: Ints
    """Steps of the windows that are far above all others: they are in no error and in no coverage."""
    coverage: Floats
    """By row and level, the part of the steps within the range."""


@dataclass(frozen=True)
class Fits:
    """What all models make of the rows, and the scale that they work on."""

    curve: Curve
    fitted: Sequence[Fitted]

    @classmethod
    def of(cls, rows: Floats, season: int, ahead: int) -> "Fits":
        """Fit all models to the rows, none of which is below zero."""
        curve = Curve.of(rows)
        return cls(curve, list(fit_all(curve.there(rows), season, ahead).values()))

    def chosen(self, methods: Ints) -> Fitted:
        """Return for each row what its method makes of it."""
        each = np.arange(len(methods))
        arrays = (
            np.stack([getattr(fitted, name) for fitted in self.fitted])[methods, each]
            for name in ("expected", "errors", "echoes")
        )
        return Fitted(*arrays)


@dataclass(frozen=True)
class Window:
    """Forecasts as of a step, and what came after it; NaN in rows with too little history."""

    start: int
    fits: Fits
    actual: Floats
    before: Floats
    """The value that was known last of the same place in the season."""
    unit: Floats
    """The absolute error that counts as 1, by row; NaN if that is next to nothing."""

    @property
    def end(self) -> int:
        """The first step after it."""
        return self.start + int(self.actual.shape[1])

    def error(self, expected: Floats, most: float = np.inf) -> Floats:
        """Return the mean scaled error of what was expected, by row; a step errs at most so much."""
        apart = np.minimum(np.abs(self.actual - expected) / self.unit[:, None], most)
        return np.asarray(_where_known(apart, means(apart)))

    def errors(self) -> Floats:
        """Return the mean scaled errors by which methods are compared, by row and method."""
        expected = (self.fits.curve.back(fit.expected) for fit in self.fits.fitted)
        return np.stack([self.error(each, _MOST_UNITS) for each in expected], axis=1)

    def lasting(self) -> Floats:
        """Return the squares of the mean errors by row and method, in squares of the errors of one step."""
        bent = self.fits.curve.there(self.actual)
        return np.stack([_lasting(bent - fit.expected, fit.errors) for fit in self.fits.fitted], axis=1)


@dataclass(frozen=True)
class Backtest:
    """All windows, oldest first, and by window, row and method how forecasts came true; NaN if nothing came."""

    windows: Sequence[Window]
    errors: Floats
    """The mean scaled errors by which methods are compared."""
    lasting: Floats
    """How long errors lasted, as `Window.lasting` has it."""
    steps: int
    """The steps of a window."""
    odd: Bools
    """The steps that are far above all others."""

    @classmethod
    def of(cls, rows: Floats, season: int) -> "Backtest":
        """Test all methods on the last windows of each row."""
        usual = Curve.of(rows).usual(rows)
        windows = _windows(rows, usual, season)
        shape = (len(windows), len(rows), len(METHODS))
        errors = np.array([window.errors() for window in windows]).reshape(shape)
        lasting = np.array([window.lasting() for window in windows]).reshape(shape)
        return cls(windows, errors, lasting, WINDOW_SEASONS * season, np.isfinite(rows) & np.isnan(usual))

    def before(self, step: int) -> "Backtest":
        """Return what was known of windows that had ended by then."""
        ended = [window.end <= step for window in self.windows]
        return Backtest(
            [window for window, has in zip(self.windows, ended, strict=True) if has],
            self.errors[ended],
            self.lasting[ended],
            self.steps,
            self.odd,
        )

    @property
    def mean_errors(self) -> Floats:
        """The mean scaled errors by which methods are compared, by row and method."""
        return _mean(self.errors)

    @property
    def best(self) -> Ints:
        """The place of the method that erred least, by row, beside the others and with the windows supposed."""
        together = means(self.errors)[:, :, None]
        beside = np.where(together > 0, self.errors / np.where(together > 0, together, 1), np.nan)
        number = np.isfinite(beside).sum(axis=0)
        supposed = np.where(np.arange(len(METHODS)) == _MEAN, 1, _SUPPOSED)
        sums = np.nan_to_num(beside).sum(axis=0) + _SUPPOSED_WINDOWS * supposed
        return np.asarray((sums / (number + _SUPPOSED_WINDOWS)).argmin(axis=1))

    @property
    def are_tested(self) -> Bools:
        """Whether any window of the row tells how forecasts came true."""
        known: Bools = np.isfinite(self.lasting)
        return np.asarray(known.any(axis=(0, 2)))

    def paths(self, fits: Fits, draws: int) -> Floats:
        """Return equally likely paths by the method that is best, with errors that last as they did."""
        best = self.best
        squares = self.lasting[:, np.arange(len(best)), best]
        return simulated(fits.curve, lasting(fits.chosen(best), squares, self.steps), draws)

    def scores(self) -> Scores:
        """Return how the forecasts came true that would have been made as of the start of each window."""
        found = np.full((len(self.windows), self.errors.shape[1], 2 + len(LEVELS)), np.nan)
        seen = np.zeros(self.odd.shape, dtype=np.bool_)
        for number, window in enumerate(self.windows):
            found[number] = self._score(number)
            seen[:, window.start : window.end] |= np.isfinite(found[number, :, -1])[:, None]
        error, naive, *coverage = np.moveaxis(_mean(found), 1, 0)
        windows = np.isfinite(found[:, :, -1]).sum(axis=0)
        return Scores(windows, error, naive, (seen & self.odd).sum(axis=1), np.stack(coverage, axis=1))

    def _score(self, number: int) -> Floats:
        """Return by row our error, that of the value a season before and the coverage of each level."""
        window = self.windows[number]
        before = self.before(window.start)
        middle, *ends = np.percentile(before.paths(window.fits, _DRAWS), ENDS, axis=1)
        near = _NEAR * window.actual
        lows, highs = np.stack(ends[::2]) - near, np.stack(ends[1::2]) + near
        within = np.logical_and(lows <= window.actual, window.actual <= highs)
        coverage = means(np.where(np.isfinite(window.actual), within, np.nan))
        scores = np.stack([window.error(middle), window.error(window.before), *coverage], axis=1)
        return np.asarray(np.where(before.are_tested[:, None], _where_known(window.actual, scores.T).T, np.nan))


def _windows(rows: Floats, usual: Floats, season: int) -> list[Window]:
    length = WINDOW_SEASONS * season
    last = rows.shape[1] - length
    starts = range(last - (MOST_WINDOWS - 1) * season, last + 1, season)
    return [_window(rows, usual, season, start) for start in starts if start >= LEAST_SEASONS * season]


def _window(rows: Floats, usual: Floats, season: int, start: int) -> Window:
    """Return the window from a step on. A method meets odd values as they came; errors are of usual ones."""
    length = WINDOW_SEASONS * season
    history, known = rows[:, :start], usual[:, :start]
    is_enough = np.isfinite(history).sum(axis=1, keepdims=True) >= LEAST_SEASONS * season
    actual = np.where(is_enough, usual[:, start : start + length], np.nan)
    before = carried(known, season)[:, -season:][:, np.arange(length) % season]
    unit = means(np.abs(known[:, season:] - known[:, :-season]))
    unit = np.where(unit > _LEAST_UNIT * means(known), unit, np.nan)
    return Window(start, Fits.of(history, season, length), actual, before, unit)


def _lasting(apart: Floats, errors: Floats) -> Floats:
    usual = means(errors**2)
    squares = means(apart) ** 2 / np.where(usual > 0, usual, 1)
    return np.asarray(_where_known(apart, np.where(usual > 0, squares, 0)))


def _where_known(rows: Floats, found: Floats) -> Floats:
    """Return what was found, by row in its last axis, and NaN for rows in which nothing is known."""
    return np.asarray(np.where(np.isfinite(rows).any(axis=1), found, np.nan))


def _mean(windows: Floats) -> Floats:
    """Return the mean over windows; NaN where no window has a number."""
    known = np.isfinite(windows).any(axis=0)
    return np.asarray(np.where(known, means(np.moveaxis(windows, 0, -1)), np.nan))
