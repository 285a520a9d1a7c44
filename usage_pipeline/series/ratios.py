"""Ratios of exact numbers, for people: decimals, never floats."""

from decimal import Decimal
from fractions import Fraction


def one_decimal(numerator: int, denominator: int) -> Decimal | None:
    """The quotient with one decimal, half to even, rounded once; null without a denominator."""
    if not denominator:
        return None
    return Decimal(round(Fraction(10 * numerator, denominator))).scaleb(-1)
