"""Ratios of exact numbers, for people: decimals, never floats."""

from decimal import Decimal
from fractions import Fraction


def one_decimal(numerator: int, denominator: int) -> Decimal | None:
    """The quotient with one decimal, half to even, rounded once; null without a denominator."""
    if not denominator:
        return None
    return Decimal(round(Fraction(10 * numerator, denominator))).scaleb(-1)


def coverage(tokens: int | None, unpriced: int | None) -> Decimal | None:
    """Percentage of tokens with a price, two decimals, rounded down: 100 only where all have. Null without any."""
    if not tokens or unpriced is None:
        return None
    return Decimal(10_000 * (tokens - unpriced) // tokens).scaleb(-2)
