"""The models that may forecast a series. Each works on all rows of a matrix; steps may be unknown.

A model says what it expects, how far off it was one step ahead, and how an error goes on: after `j` steps it adds
`echoes[j]` of itself. All of these models are linear, so that errors of later steps are sums of these.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import product

import numpy as np

from usage_pipeline.insights.matrix import NORMAL, Bools, Floats, Ints, carried, first_known, means, medians

_CLIPPED_FROM = 4.0
"""Errors beyond so many standard deviations teach a model no more than this: one odd day is no new level."""
_DAMPING = 0.97
_CHANCE = (np.pi / 2) ** 2
"""The variance of a median of `n` normal values, in squares of their mean absolute deviation, times `n`."""
_ALPHAS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.8)


class Method(StrEnum):
    """The models."""

    MEAN = "mean"
    """The mean of all others but drift."""
    SEASONAL_NAIVE = "seasonal naive"
    """As one season before."""
    DRIFT = "drift"
    """From the last step on as steep as from the first to the last, with the season."""
    THETA = "theta"
    """Smoothed level, half the slope of the straight line, with the season."""
    ETS = "ETS"
    """Exponential smoothing of level, damped trend and season."""


@dataclass(frozen=True)
class Fitted:
    """What a model makes of the rows. Each array has a row for each of them."""

    expected: Floats
    """By step ahead."""
    errors: Floats
    """What each step was less what was expected one step before; NaN where it is not known."""
    echoes: Floats
    """By steps after an error; the first one is 1."""


Model = Callable[[Floats, int, int], Fitted]
"""Rows, steps of a season, and steps to forecast."""


def seasonal_naive(rows: Floats, season: int, ahead: int) -> Fitted:
    """Expect what was known last of the same place in the season."""
    filled = carried(rows, season)
    last = filled[:, -season:]
    last = np.where(np.isnan(last), means(filled)[:, None], last)
    errors = np.full_like(rows, np.nan)
    errors[:, season:] = rows[:, season:] - filled[:, :-season]
    echoes = np.zeros((len(rows), ahead))
    echoes[:, ::season] = 1
    return Fitted(last[:, np.arange(ahead) % season], errors, echoes)


def mean_of(fitted: Sequence[Fitted]) -> Fitted:
    """Expect the mean of what others expect. It errs by the mean of their errors, which go on as theirs do."""
    arrays = (np.mean([getattr(one, name) for one in fitted], axis=0) for name in ("expected", "errors", "echoes"))
    return Fitted(*arrays)


def drift(rows: Floats, season: int, ahead: int) -> Fitted:
    """Go on from the last step as steeply as on average so far."""
    seasons = seasonal_means(rows, season)
    filled = carried(rows - _at(seasons, np.arange(rows.shape[1])), 1)
    steps = np.full_like(rows, np.nan)
    steps[:, 1:] = np.where(np.isnan(rows[:, 1:]), np.nan, filled[:, 1:] - filled[:, :-1])
    slope = means(steps)[:, None]
    expected = np.nan_to_num(filled[:, -1:]) + slope * np.arange(1, ahead + 1) + _coming(seasons, rows, ahead)
    return Fitted(expected, steps - slope, np.ones((len(rows), ahead)))


def theta(rows: Floats, season: int, ahead: int) -> Fitted:
    """Smooth the level, and add half the slope of the straight line through all steps."""
    seasons = seasonal_means(rows, season)
    level = smoothed_level(rows - _at(seasons, np.arange(rows.shape[1])), season)
    alpha = level.alpha[:, None]
    slope = _slopes(rows - _at(seasons, np.arange(rows.shape[1])))[:, None]
    steps = np.arange(1, ahead + 1)
    lines = level.level[:, None] + slope / 2 * (steps - 1 + 1 / alpha)
    echoes = np.where(steps == 1, 1, alpha)
    return Fitted(lines + _coming(seasons, rows, ahead), level.errors, echoes)


def ets(rows: Floats, season: int, ahead: int) -> Fitted:
    """Smooth level, damped trend and season, with the weights that would have erred least."""
    return smoothed(
        rows, season, ahead, list(product((0.05, 0.1, 0.2, 0.4, 0.7), (0, 0.05, 0.2), (0.02, 0.1, 0.3)))
    )


AVERAGED: Mapping[Method, Model] = {
    Method.SEASONAL_NAIVE: seasonal_naive,
    Method.THETA: theta,
    Method.ETS: ets,
}
"""The models of which there is a mean."""


def fit_all(rows: Floats, season: int, ahead: int) -> Mapping[Method, Fitted]:
    """Return what each method makes of the rows, in the order of the methods."""
    found = {method: model(rows, season, ahead) for method, model in AVERAGED.items()}
    found |= {Method.MEAN: mean_of(list(found.values())), Method.DRIFT: drift(rows, season, ahead)}
    return {method: found[method] for method in Method}


@dataclass(frozen=True)
class Level:
    """A smoothed level: by row its last value, the weight that erred least, and its errors."""

    level: Floats
    alpha: Floats
    errors: Floats


def smoothed_level(rows: Floats, season: int, alphas: tuple[float, ...] = _ALPHAS) -> Level:
    """Smooth the level of each row with the weight of the newest step that would have erred least."""
    weights = np.array(alphas)
    most = _clipping(rows, 1)[:, None]
    level = np.repeat(means(np.where(first_known(rows, 2 * season), rows, np.nan))[:, None], len(alphas), axis=1)
    errors = np.empty((len(rows), len(alphas), rows.shape[1]))
    for step in range(rows.shape[1]):
        errors[:, :, step] = rows[:, step, None] - level
        level += weights * np.clip(np.nan_to_num(errors[:, :, step]), -most, most)
    best = _least(errors, most, first_known(rows, season))
    each = np.arange(len(rows))
    return Level(level[each, best], weights[best], errors[each, best])


def smoothed(
    rows: Floats, season: int, ahead: int, weights: list[tuple[float, float, float]], damping: float = _DAMPING
) -> Fitted:
    """Smooth level, damped trend and season by the weights, of which each row takes those that erred least.

    The weights are alpha, beta as a part of alpha, and gamma as a part of 1 - alpha.
    """
    alpha, beta, gamma = (np.array(column) for column in zip(*weights, strict=True))
    beta, gamma = beta * alpha, gamma * (1 - alpha)
    most = _clipping(rows, season)[:, None]
    shape = (len(rows), len(weights))
    level = np.repeat(means(np.where(first_known(rows, 2 * season), rows, np.nan))[:, None], shape[1], axis=1)
    trend = np.zeros(shape)
    seasons = np.repeat(seasonal_means(rows, season)[:, None, :], shape[1], axis=1)
    errors = np.empty((*shape, rows.shape[1]))
    for step in range(rows.shape[1]):
        place = step % season
        level += damping * trend
        errors[:, :, step] = rows[:, step, None] - level - seasons[:, :, place]
        learned = np.clip(np.nan_to_num(errors[:, :, step]), -most, most)
        level += alpha * learned
        trend = damping * trend + beta * learned
        seasons[:, :, place] += gamma * learned
    best = _least(errors, most, first_known(rows, 2 * season))
    each, steps = np.arange(len(rows)), np.arange(1, ahead + 1)
    damped = np.cumsum(damping**steps)
    expected = level[each, best][:, None] + damped * trend[each, best][:, None]
    echoes = alpha[best][:, None] + beta[best][:, None] * np.concatenate([[0], damped[:-1]])
    echoes = np.where(steps == 1, 1, echoes + gamma[best][:, None] * ((steps - 1) % season == 0))
    return Fitted(expected + _coming(seasons[each, best], rows, ahead), errors[each, best], echoes)


def seasonal_means(rows: Floats, season: int) -> Floats:
    """Return how far each place in the season is from the level, by row and place; their sum is 0.

    The less places differ beyond what chance makes of so few seasons, the nearer they are to the level.
    """
    centred = rows - _moving_means(rows, season)
    padded = np.pad(centred, ((0, 0), (0, -rows.shape[1] % season)), constant_values=np.nan)
    by_place = padded.reshape(len(rows), -1, season).swapaxes(1, 2)
    usual = medians(by_place)
    places = usual - usual.mean(axis=1, keepdims=True)
    return np.asarray(places * _beyond_chance(places, by_place - usual[:, :, None])[:, None])


def _beyond_chance(places: Floats, apart: Floats) -> Floats:
    """Return the part of the variance between places that chance does not explain, by row."""
    number = np.isfinite(apart).sum(axis=2)
    freedom = np.maximum(number.sum(axis=1) - places.shape[1], 1)
    usual = np.nan_to_num(np.abs(apart)).sum(axis=(1, 2)) / freedom
    chance = _CHANCE * usual**2 / np.maximum(number.mean(axis=1), 1)
    spread = (places**2).sum(axis=1) / (places.shape[1] - 1)
    return np.asarray(np.where(spread > chance, 1 - chance / np.where(spread > 0, spread, 1), 0))


def _moving_means(rows: Floats, season: int) -> Floats:
    """Return the means of the seasons around each step; NaN at both ends."""
    half = season // 2
    window = np.ones(2 * half + 1)
    if season % 2 == 0:
        window[[0, -1]] = 0.5
    known = np.isfinite(rows)
    totals, weights = (_convolved(part, window) for part in (np.where(known, rows, 0), known.astype(np.float64)))
    found = np.where(weights > 0, totals / np.maximum(weights, 0.5), np.nan)
    found[:, rows.shape[1] - half :] = np.nan
    return np.asarray(np.where(first_known(rows, half), np.nan, found))


def _convolved(rows: Floats, window: Floats) -> Floats:
    half, width = len(window) // 2, rows.shape[1]
    padded = np.pad(rows, ((0, 0), (half, half)))
    return np.asarray(sum(weight * padded[:, at : at + width] for at, weight in enumerate(window)))


def _clipping(rows: Floats, apart: int) -> Floats:
    """Return the largest error that a model learns from, by row."""
    changes = np.abs(rows[:, apart:] - rows[:, :-apart])
    usual = NORMAL / np.sqrt(2) * medians(changes)
    # Where most changes are none, those that are tell.
    usual = np.where(usual > 0, usual, means(changes))
    return np.asarray(np.where(usual > 0, _CLIPPED_FROM * usual, np.inf))


def _least(errors: Floats, most: Floats, unscored: Bools) -> Ints:
    """Return the number of the weights with the least squares of clipped errors, by row."""
    squares = np.minimum(errors**2, most[:, :, None] ** 2)
    return np.asarray(means(np.where(unscored[:, None, :], np.nan, squares)).argmin(axis=1))


def _slopes(rows: Floats) -> Floats:
    """Return the slope of the straight line through the known steps, by row."""
    known = np.isfinite(rows)
    steps = np.where(known, np.arange(rows.shape[1]), np.nan)
    apart = np.nan_to_num(steps - means(steps)[:, None])
    heights = np.nan_to_num(rows - means(rows)[:, None])
    return np.asarray((apart * heights).sum(axis=1) / np.maximum((apart**2).sum(axis=1), 1))


def _at(seasons: Floats, steps: Ints) -> Floats:
    return seasons[:, steps % seasons.shape[1]]


def _coming(seasons: Floats, rows: Floats, ahead: int) -> Floats:
    """Return the season of the steps after the last one."""
    return _at(seasons, rows.shape[1] + np.arange(ahead))
