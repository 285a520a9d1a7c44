"""Means and the like of the rows of a matrix, in which NaN stands for what is not known."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

NORMAL = 1.4826
"""The standard deviation of a normal distribution, in medians of its absolute deviations."""
NORMAL_90 = 1.645
"""The 90th percentile of its absolute deviations, in standard deviations."""


def means(rows: Floats) -> Floats:
    """Return the mean of the known values along the last axis; 0 where none is known."""
    known = np.isfinite(rows)
    return np.asarray(np.where(known, rows, 0).sum(axis=-1) / np.maximum(known.sum(axis=-1), 1))


def medians(rows: Floats) -> Floats:
    """Return the median of the known values along the last axis; 0 where none is known."""
    return percentiles(rows, 50)


def percentiles(rows: Floats, percent: float) -> Floats:
    """Return a percentile of the known values along the last axis, between two of them; 0 where none is known."""
    ordered = np.sort(rows, axis=-1)  # NaN comes last
    last = np.isfinite(rows).sum(axis=-1, keepdims=True) - 1
    place = np.maximum(last, 0) * percent / 100
    below = place.astype(np.int64)
    lower, upper = (
        np.take_along_axis(ordered, at, axis=-1) for at in (below, np.minimum(below + 1, np.maximum(last, 0)))
    )
    found = lower + (place - below) * (upper - lower)
    return np.asarray(np.where(last >= 0, found, 0)[..., 0])


def first_known(rows: Floats, most: int) -> Bools:
    """Return where the first known values of each row are, so many of them."""
    known = np.isfinite(rows)
    return np.asarray(known & (np.cumsum(known, axis=1) <= most))


def carried(rows: Floats, steps: int) -> Floats:
    """Return the rows, where what is not known is as so many steps before."""
    filled = rows.copy()
    for step in range(steps, rows.shape[1]):
        now = filled[:, step]
        filled[:, step] = np.where(np.isnan(now), filled[:, step - steps], now)
    return filled
