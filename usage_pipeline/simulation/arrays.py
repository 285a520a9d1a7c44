"""Array types, and functions over arrays that all sources share: look-ups, random numbers, texts."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Texts = NDArray[np.object_]

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS

_LETTERS = np.frombuffer(b"eeeetttaaaooiinnsshhrrdlucmfwygpb", dtype="S1")
_VOCABULARY = 4_096
_WORDS = 400_000


def table(*texts: str) -> Texts:
    """Return an array of texts, to be indexed by numbers."""
    return np.array(texts, dtype=object)


def numbered(pattern: str, count: int) -> Texts:
    """Return texts such as `u_0` to `u_19`."""
    return table(*(pattern.format(number) for number in range(count)))


def zeros(count: int) -> Ints:
    """Return an array of zeros."""
    return np.zeros(count, dtype=np.int64)


def chosen(rng: np.random.Generator, weights: tuple[float, ...], count: int) -> Ints:
    """Draw indexes of `weights`, each with its weight."""
    bounds = np.cumsum(weights) / sum(weights)
    return np.minimum(np.searchsorted(bounds, rng.random(count), side="right"), len(weights) - 1).astype(np.int64)


def lognormal(rng: np.random.Generator, means: NDArray[np.floating[Any]], sigma: float, *, most: int) -> Ints:
    """Draw whole numbers from 1 to `most`, one around each mean."""
    drawn = means * rng.lognormal(-sigma * sigma / 2, sigma, len(means))
    return np.clip(drawn, 1, most).astype(np.int64)


def shared_out(counts: Ints, share: float) -> Ints:
    """Return a part of each count; all parts together are the share of all counts, rounded down."""
    reached = np.floor(np.cumsum(counts) * share + 1e-9).astype(np.int64)
    return np.asarray(np.diff(reached, prepend=0))


def columns(*arrays: NDArray[Any]) -> list[list[Any]]:
    """Return the arrays as Python lists, which format faster."""
    return [array.tolist() for array in arrays]


_CLOCK = [f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}" for second in range(86_400)]
_MILLISECONDS = [f".{number:03}Z" for number in range(1000)]


def clock_texts(milliseconds: Ints) -> list[str]:
    """Format times of day as `T08:01:02.340Z`."""
    seconds, rest = np.divmod(milliseconds, 1000)
    pairs = zip(seconds.tolist(), rest.tolist(), strict=True)
    return ["T" + _CLOCK[second] + _MILLISECONDS[number] for second, number in pairs]


def long_texts(rng: np.random.Generator, size: int, luck: Ints) -> Texts:
    """Return a text of `size` bytes for each number.

    The texts are parts of one long text of made-up words, so few are alike. A character is a byte, and JSON
    escapes none of them.
    """
    text = _long_text(rng, size)
    return table(*[text[start : start + size] for start in (luck % (len(text) - size + 1)).tolist()])


def _long_text(rng: np.random.Generator, least: int) -> str:
    lengths = rng.integers(1, 11, _VOCABULARY).tolist()
    words = [b"".join(rng.choice(_LETTERS, length)).decode() for length in lengths]
    # The square makes a few words frequent, as in any language.
    drawn = (rng.random(max(_WORDS, least)) ** 2 * _VOCABULARY).astype(np.int64)
    return " ".join([words[number] for number in drawn.tolist()])
