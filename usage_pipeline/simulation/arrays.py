"""The array types, and the ways to draw and to look up that all sources share."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Texts = NDArray[np.object_]

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


def table(*texts: str) -> Texts:
    """Texts to be looked up by their numbers."""
    return np.array(texts, dtype=object)


def numbered(pattern: str, count: int) -> Texts:
    """`u_0` to `u_19`."""
    return table(*(pattern.format(number) for number in range(count)))


def zeros(count: int) -> Ints:
    """So many zeros."""
    return np.zeros(count, dtype=np.int64)


def chosen(rng: np.random.Generator, weights: tuple[float, ...], count: int) -> Ints:
    """So many numbers of choices, each drawn with its weight."""
    bounds = np.cumsum(weights) / sum(weights)
    return np.minimum(np.searchsorted(bounds, rng.random(count), side="right"), len(weights) - 1).astype(np.int64)


def lognormal(rng: np.random.Generator, means: NDArray[np.floating[Any]], sigma: float, *, most: int) -> Ints:
    """Whole numbers from 1 to `most`, lognormal around these means."""
    drawn = means * rng.lognormal(-sigma * sigma / 2, sigma, len(means))
    return np.clip(drawn, 1, most).astype(np.int64)


def shared_out(counts: Ints, share: float) -> Ints:
    """Parts of counts, such that all parts together are the share of all counts, rounded down."""
    reached = np.floor(np.cumsum(counts) * share + 1e-9).astype(np.int64)
    return np.asarray(np.diff(reached, prepend=0))


def columns(picked: Ints | slice, *arrays: NDArray[Any]) -> list[list[Any]]:
    """The picked elements of each array as plain Python lists, which format faster than arrays."""
    return [array[picked].tolist() for array in arrays]


_CLOCK = [f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}" for second in range(86_400)]
_MILLISECONDS = [f".{number:03}Z" for number in range(1000)]


def clock_texts(milliseconds: Ints) -> list[str]:
    """Times of day as `T08:01:02.340Z`."""
    seconds, rest = np.divmod(milliseconds, 1000)
    pairs = zip(seconds.tolist(), rest.tolist(), strict=True)
    return ["T" + _CLOCK[second] + _MILLISECONDS[number] for second, number in pairs]
