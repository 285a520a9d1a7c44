"""Paths that a series may take: what a model expects, and errors like those that it made, as they go on."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from usage_pipeline.insights.forecasting.models import Fitted
from usage_pipeline.insights.matrix import NORMAL, NORMAL_90, Floats, means, medians, percentiles

DRAWS = 500
_SEED = 20260601
_QUANTILE, _ODD = 95, 4
"""What is above so many times this percentile of the steps with use teaches nothing: it is as if unknown."""
_HIGHEST = 2
"""So many steps do not count for the percentile, because they may be odd themselves."""
_MOST = 20
"""No path goes higher than so many times the largest value that could teach."""
_FARTHEST = 5.0
"""No error is drawn that is more usual errors than this: one or two odd days are not to be expected again."""
_BEND = 0.3
"""Above this part of its usual value, changes of a series count as parts of it instead of amounts."""
_FADING = (0, 0.2, 0.4, 0.6, 0.8)
"""Parts of what a model lets an error add later that may be left."""
_LASTING = (0, 0.03, 0.06, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 1)
"""Parts of an error that may last."""


@dataclass(frozen=True)
class Curve:
    """The scale that models work on, by row: straight below the bend, logarithmic above, up to the largest."""

    bend: Floats
    largest: Floats

    @classmethod
    def of(cls, rows: Floats) -> Self:
        """Return the scale of these rows, none of which is below zero."""
        used = np.where(rows > 0, rows, np.nan)
        largest = _ODD * percentiles(_without_highest(used), _QUANTILE)[:, None]
        bend = _BEND * means(np.where(used <= largest, used, np.nan))[:, None]
        return cls(np.where(bend > 0, bend, 1), largest)

    def usual(self, rows: Floats) -> Floats:
        """Return the values that may teach; NaN for those that are larger than the largest."""
        return np.asarray(np.where(rows <= self.largest, rows, np.nan))

    def there(self, rows: Floats) -> Floats:
        """Return values on this scale; NaN for those that are larger than the largest."""
        return np.asarray(np.log1p(self.usual(rows) / self.bend))

    def back(self, rows: Floats) -> Floats:
        """Return values from this scale: not below zero, and not out of all proportion."""
        bend, largest = (part.reshape(-1, *(1,) * (rows.ndim - 1)) for part in (self.bend, self.largest))
        highest = np.log1p(_MOST * largest / bend)
        return np.asarray(bend * np.expm1(np.clip(rows, 0, highest)))


def _without_highest(rows: Floats) -> Floats:
    """Return the rows in order without the highest values of each, as long as others are left."""
    number = np.isfinite(rows).sum(axis=1, keepdims=True)
    kept = np.where(number > _HIGHEST, number - _HIGHEST, number)
    return np.where(np.arange(rows.shape[1]) < kept, np.sort(rows, axis=1), np.nan)  # NaN comes last


def simulated(curve: Curve, fitted: Fitted, draws: int = DRAWS) -> Floats:
    """Return equally likely paths of each row: by row, draw and step ahead.

    Above the bend errors are parts of a value, so that the mean of the paths would grow with their doubt. It is
    held where the error of one step has it, because doubt is no growth.

    The draws are the same for all rows and at all times, so that a series has one forecast, alone or among others.
    """
    rows, ahead = fitted.expected.shape
    errors = np.sort(_drawn_from(fitted.errors), axis=1)  # NaN comes last
    number = np.isfinite(errors).sum(axis=1)
    places = (_shares(draws, ahead)[None] * number[:, None, None]).astype(np.int64)
    drawn = np.nan_to_num(np.take_along_axis(errors, places.reshape(rows, -1), axis=1).reshape(rows, draws, ahead))
    paths = _around(curve, fitted.expected, drawn @ _going_on(fitted.echoes))
    grown, one = paths.mean(axis=1), _around(curve, fitted.expected, drawn).mean(axis=1)
    return np.asarray(paths * np.where(grown > one, one / np.where(grown > 0, grown, 1), 1)[:, None, :])


def _around(curve: Curve, expected: Floats, apart: Floats) -> Floats:
    """Return values whose median is what is expected."""
    return curve.back(expected[:, None, :] + apart)


def _drawn_from(errors: Floats) -> Floats:
    """Return the errors around their mean, without those that are out of all proportion."""
    apart = np.abs(errors - medians(errors)[:, None])
    usual = np.maximum(NORMAL * medians(apart), percentiles(apart, 90) / NORMAL_90)[:, None]
    nearer = np.where(apart <= _FARTHEST * usual, errors, np.nan)
    return np.asarray(nearer - means(nearer)[:, None])


def lasting(fitted: Fitted, squares: Floats, steps: int) -> Fitted:
    """Return the same with errors that last as long as was seen.

    `squares` is by window and row the square of the mean error of so many steps, in squares of the errors of one
    step; what the model says of it counts like one window. If it lets errors fade too soon, each goes on to its
    end with some part of itself, and if too late, less is left of them. Rows without windows stay as they are.
    """
    later = np.arange(fitted.echoes.shape[1]) > 0
    fading = [fitted.echoes * np.where(later, part, 1) for part in _FADING]
    kept = np.stack([*fading, *(np.maximum(fitted.echoes, np.where(later, part, 1)) for part in _LASTING)])
    spread = (np.cumsum(kept[:, :, :steps], axis=2) ** 2).sum(axis=2) / steps**2
    said = spread[len(_FADING)]
    enough = spread >= means(np.vstack([squares, said]).T)
    enough[-1] = True
    return replace(fitted, echoes=kept[enough.argmax(axis=0), np.arange(len(said))])


def _shares(draws: int, ahead: int) -> Floats:
    """Return numbers from 0 to 1 by draw and step; those of a step are evenly spread."""
    generator = np.random.Generator(np.random.PCG64(_SEED))
    orders = np.stack([generator.permutation(draws) for _ in range(ahead)], axis=1)
    return np.asarray((orders + 0.5) / draws)


def _going_on(echoes: Floats) -> Floats:
    """Return what an error of each step adds to each later one, by row, step and later step."""
    ahead = echoes.shape[1]
    after = np.arange(ahead)[None, :] - np.arange(ahead)[:, None]
    return np.asarray(np.where(after >= 0, echoes[:, np.maximum(after, 0)], 0))
