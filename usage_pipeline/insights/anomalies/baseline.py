"""What the next days should be, from the days before: level, slope and weekday, and how far days usually are off.

The scale is logarithmic, so that half and twice as much are equally far, except near zero.
"""

from dataclasses import dataclass

import numpy as np

from usage_pipeline.insights.matrix import NORMAL, NORMAL_90, Bools, Floats, carried, medians

WEEK = 7
_TREND, _WEEKDAYS = 61, 91
"""Days and weeks over which STL smooths trend and weekdays: both change slowly."""
_ROUNDS = 3
_LEVEL_DAYS = 42
_CLIPPED_FROM = 2.5
_CLIPPED_SPREAD = 1.03
"""What clipping takes from the standard deviation of a normal distribution."""
_STEEPEST = 0.01
"""The steepest slope that is believed, a day."""
_NEW_LEVEL_DAYS, _NEW_LEVEL_SCORE = 7, 4.5
_BEND = 0.02
"""Below this part of the usual value the scale is straight, so that zero is a number on it."""
_FAR_ABOVE, _NEARLY_ALL = 10, 95
"""Of one giant value, such as a wrong cost, STL would make a weekday, and its mean would make all others zeros."""
_LEAST_SPREAD = 0.05
"""Days are never expected to be nearer than this, on the logarithmic scale."""
_WEEKS_AROUND = 4
_ODD_FROM = 4
"""So many standard deviations from the weeks around it, a day says nothing of its weekday."""


@dataclass(frozen=True)
class Baseline:
    """What is expected after the last day of a history, on the logarithmic scale."""

    bend: float
    level: float
    slope: float
    """A day."""
    weekdays: Floats
    """How far each of the seven days after the history is from the level."""
    spread: float
    """The standard deviation of days, without odd ones."""

    def expected(self, ahead: int, weekday_of: int | None = None) -> float:
        """Return what is expected of a day so many days after the history, or of one with another weekday."""
        place = ahead if weekday_of is None else weekday_of
        return self.level + self.slope * ahead + float(self.weekdays[(place - 1) % WEEK])

    def there(self, value: float) -> float:
        """Return a value on the logarithmic scale."""
        return float(np.log1p(value / self.bend))

    def back(self, value: float) -> float:
        """Return a value from it; none is below zero."""
        return float(self.bend * np.expm1(max(0.0, value)))


def baseline(history: Floats, *, is_counted: bool) -> Baseline:
    """Return what is expected after these days, NaN where nothing is known; at least two weeks are known.

    Things that are counted one by one vary by chance at least by the root of their number.
    """
    history = _without_giants(history)
    used = history[history > 0]
    usual = float(used.mean()) if len(used) else 1.0
    bend = _BEND * usual
    known = np.isfinite(history)
    bent = np.log1p(_filled(history) / bend)
    weekdays, remainder = _decomposed(bent)
    level, slope = _level(bent - weekdays, known)
    spread = max(_spread(remainder[known]), _LEAST_SPREAD, 1 / np.sqrt(usual) if is_counted else 0)
    return Baseline(bend, level, slope, weekdays[-WEEK:], spread)


def _without_giants(history: Floats) -> Floats:
    """Return the days, where a value far above nearly all others is no more than that."""
    used = history[history > 0]
    return np.minimum(history, _FAR_ABOVE * np.percentile(used, _NEARLY_ALL)) if len(used) else history


def _filled(history: Floats) -> Floats:
    """Return the days with those that are not known as a week before, or as the first known of that weekday."""
    forth = carried(history[None], WEEK)
    back = carried(forth[:, ::-1], WEEK)[0, ::-1]
    return np.asarray(np.where(np.isnan(back), np.nanmean(history), back))


def _decomposed(bent: Floats) -> tuple[Floats, Floats]:
    """Return the part of the weekday of each day, and what neither trend nor weekday explains."""
    from statsmodels.tsa.seasonal import STL  # noqa: PLC0415 - it takes seconds to import

    smoothed = STL(
        _without_odd(bent),
        period=WEEK,
        trend=_TREND,
        seasonal=_WEEKDAYS,
        seasonal_deg=0,
        robust=True,
        trend_jump=WEEK,
        low_pass_jump=WEEK,
    )
    found = smoothed.fit(inner_iter=2, outer_iter=_ROUNDS)
    return np.asarray(found.seasonal), np.asarray(bent - found.seasonal - found.trend)


def _without_odd(bent: Floats) -> Floats:
    """Return the days, where odd ones are as the same weekdays of the weeks around them.

    In a short history the weights of STL do not keep one spike from being what is usual on its weekday.
    """
    padded = np.pad(bent, _WEEKS_AROUND * WEEK, constant_values=np.nan)
    weeks = [padded[start : start + len(bent)] for start in range(0, 2 * _WEEKS_AROUND * WEEK + 1, WEEK)]
    around = medians(np.stack(weeks, axis=1))
    apart = bent - around
    spread = max(NORMAL * float(np.median(np.abs(apart))), _LEAST_SPREAD)
    return np.asarray(np.where(np.abs(apart) > _ODD_FROM * spread, around, bent))


def _level(plain: Floats, known: Bools) -> tuple[float, float]:
    """Return the level on the last of the days, which have no weekdays any more, and the slope."""
    slope = _slope(plain, known)
    before = np.arange(len(plain)) - (len(plain) - 1)
    flat = (plain - slope * before)[known][-_LEVEL_DAYS:]
    clipped = _clipped(flat)
    return float(clipped[-_since_new_level(clipped) :].mean()), slope


def _slope(plain: Floats, known: Bools) -> float:
    days = np.arange(len(plain))[known]
    found = np.polyfit(days, _clipped(plain[known]), 1)
    line = np.polyval(found, days)
    slope = np.polyfit(days, line + _clipped(plain[known] - line), 1)[0]
    return float(np.clip(slope, -_STEEPEST, _STEEPEST))


def _since_new_level(flat: Floats) -> int:
    """Return the number of days since the level is another one; all if it is not.

    A level is a new one when it has held for a week.
    """
    after = np.arange(_NEW_LEVEL_DAYS, len(flat) - _NEW_LEVEL_DAYS + 1)
    if not len(after):
        return len(flat)
    before = len(flat) - after
    later = np.cumsum(flat[::-1])[after - 1] / after
    earlier = (flat.sum() - later * after) / before
    inside = (flat**2).sum() - after * later**2 - before * earlier**2
    spread = np.maximum(np.sqrt(np.maximum(inside, 0) / len(flat)), _LEAST_SPREAD)
    scores = np.abs(later - earlier) / (spread * np.sqrt(1 / after + 1 / before))
    best = int(scores.argmax())
    return int(after[best]) if scores[best] > _NEW_LEVEL_SCORE else len(flat)


def _clipped(values: Floats) -> Floats:
    """Return the values, where odd ones are as near to the median as the others are."""
    middle = np.median(values)
    most = _CLIPPED_FROM * max(NORMAL * float(np.median(np.abs(values - middle))), _LEAST_SPREAD)
    return np.asarray(np.clip(values, middle - most, middle + most))


def _spread(values: Floats) -> float:
    """Return the standard deviation of values without odd ones; more where odd ones are not rare."""
    apart = np.abs(values - np.median(values))
    return max(_CLIPPED_SPREAD * float(_clipped(values).std()), float(np.percentile(apart, 90)) / NORMAL_90)
