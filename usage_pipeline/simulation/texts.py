"""Prompts of a given length: stretches of one long text of made-up words, so that hardly two are alike.

Plain letters and spaces: a character is a byte, and JSON escapes none of them.
"""

import numpy as np

from usage_pipeline.simulation.arrays import Ints, Texts, table

STREAM = 2
"""The random stream of the words, separate from those of lines and faults."""

_LETTERS = np.frombuffer(b"eeeetttaaaooiinnsshhrrdlucmfwygpb", dtype="S1")
_VOCABULARY = 4_096
_WORDS = 400_000
"""Words of the long text; a few are frequent, as in any language."""


def long_texts(rng: np.random.Generator, size: int, luck: Ints) -> Texts:
    """A text of so many bytes for each of these numbers."""
    text = _long_text(rng, size)
    return table(*[text[start : start + size] for start in (luck % (len(text) - size + 1)).tolist()])


def _long_text(rng: np.random.Generator, least: int) -> str:
    """At least so many characters."""
    lengths = rng.integers(1, 11, _VOCABULARY).tolist()
    words = [b"".join(rng.choice(_LETTERS, length)).decode() for length in lengths]
    drawn = (rng.random(max(_WORDS, least)) ** 2 * _VOCABULARY).astype(np.int64)
    return " ".join([words[number] for number in drawn.tolist()])
