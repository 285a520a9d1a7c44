"""Estimates: numbers with a middle and with ranges, rounded, and never below zero."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import numpy as np

from usage_pipeline.billing.ledger.entries import NOTHING, exact
from usage_pipeline.insights.matrix import Floats

LEVELS = (50, 80, 95)
"""Percent of the cases that a range is to hold."""
ENDS = (50.0, *(50 + side * level / 2 for level in LEVELS for side in (-1, 1)))
"""The percentiles of an estimate: the middle, and the low and high end of each range."""

ENDS_BY_NAME = ("value", *(f"{end}_{level}" for level in LEVELS for end in ("low", "high")))
"""The names of the numbers of an estimate."""


@dataclass(frozen=True)
class Range:
    """What lies between two numbers, both included."""

    low: Decimal
    high: Decimal


@dataclass(frozen=True)
class Estimate:
    """The middle, above and below which the number is equally likely, and the range of each level in percent."""

    value: Decimal
    ranges: Mapping[int, Range]

    @property
    def row(self) -> dict[str, Decimal]:
        """Its numbers by name: `value`, then `low_50`, `high_50` and so on."""
        ends = (end for found in self.ranges.values() for end in (found.low, found.high))
        return dict(zip(ENDS_BY_NAME, (self.value, *ends), strict=True))


def rounded(value: float | Decimal, places: int) -> Decimal:
    """Return a number with so many decimals, rounded half to even."""
    with exact():
        return Decimal(value).quantize(Decimal(1).scaleb(-places))


def from_fraction(value: Fraction, places: int) -> Decimal:
    """Return a quotient with so many decimals, rounded half to even."""
    with exact():
        return Decimal(round(value * 10**places)).scaleb(-places)


def estimates(draws: Floats, places: int, plus: Decimal = NOTHING) -> list[Estimate]:
    """Return the middle and the ranges of each column of equally likely numbers.

    Something known is added to all of them.
    """
    found = np.maximum(np.percentile(draws, ENDS, axis=0), 0).T.tolist()
    with exact():
        unit = Decimal(1).scaleb(-places)
        return [_estimate([(plus + Decimal(end)).quantize(unit) for end in column]) for column in found]


def _estimate(ends: list[Decimal]) -> Estimate:
    """Return the estimate of these percentiles, in the order of `ENDS`."""
    middle, *others = ends
    return Estimate(middle, {level: Range(*others[2 * at : 2 * at + 2]) for at, level in enumerate(LEVELS)})
