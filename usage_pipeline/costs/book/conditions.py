"""Conditions: prices of requests that a provider served in an unusual tier, region or speed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal

from usage_pipeline.registry import NOT_TOKENS, PRICING_DIMENSIONS, TokenClass

DECIMALS = 24
"""Decimals of a price per unit, which is a DECIMAL(38,24)."""

UnitPrices = Mapping[TokenClass, Decimal]

Variant = frozenset[tuple[str, str]]
"""The pricing dimensions in which a request is unusual, each with its value."""

_EXACT = Context(prec=80, rounding=ROUND_HALF_UP)
_SMALLEST = Decimal(1).scaleb(-DECIMALS)


@dataclass(frozen=True)
class Condition:
    """Prices of requests with some values of pricing dimensions: other ones, or a multiple of the usual ones.

    A multiplier is for tokens; requests, searches and tool calls keep their price.
    """

    when: Variant
    multiplier: Decimal | None = None
    prices: UnitPrices = field(default_factory=dict)
    """They replace those of the same classes."""

    def apply(self, usual: UnitPrices) -> UnitPrices:
        """Return the prices under this condition; a price of more than 24 decimals is rounded half up."""
        if self.multiplier is None:
            return {**usual, **self.prices}
        return {name: price if name in NOT_TOKENS else self._multiple(price) for name, price in usual.items()}

    def _multiple(self, price: Decimal) -> Decimal:
        assert self.multiplier is not None  # noqa: S101 - only called with one
        product = _EXACT.multiply(price, self.multiplier).normalize(_EXACT)
        too_fine = -int(product.as_tuple().exponent) > DECIMALS
        return product.quantize(_SMALLEST, context=_EXACT) if too_fine else product


@dataclass(frozen=True)
class ConditionRule:
    """Conditions on prices of a provider's models, from `first` until the day before `end`."""

    id: str
    provider: str
    models: frozenset[str]
    """Empty for all."""
    first: date | None
    end: date | None
    conditions: tuple[Condition, ...]

    def applies(self, provider: str, model: str, day: date) -> bool:
        """Return True if the rule is for the model on the day."""
        in_force = (self.first is None or self.first <= day) and (self.end is None or day < self.end)
        return provider == self.provider and in_force and (not self.models or model in self.models)


def variant_of(values: Mapping[str, str | None]) -> Variant:
    """Return what is unusual in the values of pricing dimensions, as logged."""
    return frozenset(
        (dimension.name, value)
        for dimension in PRICING_DIMENSIONS
        if (value := values.get(dimension.name)) and value not in dimension.usual
    )


def conditions_for(variant: Variant, known: Iterable[Condition]) -> list[Condition] | None:
    """Return the conditions that together name all that is unusual about a request; None if some has none.

    A condition on several dimensions is preferred to those on one, an earlier one to a later one. Other prices
    come before multipliers, and two conditions with other prices do not combine.
    """
    chosen: list[Condition] = []
    left = set(variant)
    for condition in sorted(known, key=lambda condition: -len(condition.when)):
        if condition.when <= left:
            chosen.append(condition)
            left -= condition.when
    with_prices = [condition for condition in chosen if condition.multiplier is None]
    if left or len(with_prices) > 1:
        return None
    return [*with_prices, *(condition for condition in chosen if condition.multiplier is not None)]
