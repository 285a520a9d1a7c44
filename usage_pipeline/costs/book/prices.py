"""What a price is: for one model of one provider from one day to another, a price per unit of each token class."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import pairwise

from usage_pipeline.registry import TokenClass

CURRENCY = "USD"
"""The currency of all prices: that of the catalogue. Amounts in two currencies have no sum."""

DECIMALS = 24
"""Decimals of a price per unit, of DECIMAL(38,24)."""

MINUTES_OF_DAY = 24 * 60
UNLIMITED = 10**18
"""Upper end of the last tier: more tokens than a prompt can have."""


UNSPLIT = "unsplit"
"""The class of tokens that a log reports without saying which are input; it has no price."""

UnitPrices = Mapping[TokenClass, Decimal]


@dataclass(frozen=True)
class Tier:
    """Prices of a whole request whose prompt has more than `above_tokens_in` tokens."""

    above_tokens_in: int
    prices: UnitPrices


@dataclass(frozen=True)
class Window:
    """Prices at some time of the day: UTC, half open, in minutes after midnight; it may wrap midnight."""

    from_minute: int
    to_minute: int
    tiers: tuple[Tier, ...]

    def contains(self, minute: int) -> bool:
        """Whether the minute lies in it."""
        if self.from_minute < self.to_minute:
            return self.from_minute <= minute < self.to_minute
        return minute >= self.from_minute or minute < self.to_minute

    @property
    def label(self) -> str:
        """As people write it: `16:30-00:30`."""
        return "-".join(f"{minute // 60:02d}:{minute % 60:02d}" for minute in (self.from_minute, self.to_minute))


@dataclass(frozen=True)
class Band:
    """The prices of one stretch of the day and one size of prompt; the bands of a price overlap nowhere."""

    from_minute: int
    to_minute: int
    above_tokens_in: int
    """Below the smallest prompt for the lowest tier, so that a prompt without tokens is in it."""
    up_to_tokens_in: int
    window: str
    """When in the day, where the price differs by that."""
    prices: UnitPrices

    def price_of(self, token_class: TokenClass) -> Decimal | None:
        """The price of a unit; reasoning without a price of its own is priced as output."""
        own = self.prices.get(token_class)
        if own is None and token_class is TokenClass.REASONING:
            return self.prices.get(TokenClass.OUTPUT)
        return own


@dataclass(frozen=True)
class Price:
    """What one model of one provider costs from `first` on, until before `end`; null where there is no limit."""

    id: str
    provider: str
    model: str
    first: date | None
    end: date | None
    tiers: tuple[Tier, ...]
    source: str
    windows: tuple[Window, ...] = field(default=())
    """Of windows that overlap the last counts."""

    def in_force(self, day: date) -> bool:
        """Whether it applies on the day."""
        return (self.first is None or self.first <= day) and (self.end is None or day < self.end)

    @property
    def bands(self) -> Iterator[Band]:
        """The price by time of day and size of prompt."""
        edges = {0, MINUTES_OF_DAY}.union(*({window.from_minute, window.to_minute} for window in self.windows))
        ordered = sorted(edges)
        for start, end in pairwise(ordered):
            window = next((window for window in reversed(self.windows) if window.contains(start)), None)
            tiers = window.tiers if window else self.tiers
            ends = [*(tier.above_tokens_in for tier in tiers[1:]), UNLIMITED]
            for index, (tier, up_to) in enumerate(zip(tiers, ends, strict=True)):
                above = tier.above_tokens_in if index else -1
                yield Band(start, end, above, up_to, window.label if window else "", tier.prices)


def exact(value: Decimal, units: int) -> Decimal:
    """The price per unit of a price for so many units, a power of ten.

    Raises ValueError where that has more digits than DECIMAL(38,24) takes.
    """
    sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)  # noqa: S101 - NaN and infinity were refused before
    shifted = Decimal((sign, digits, exponent - (len(str(units)) - 1))).normalize()
    if -int(shifted.as_tuple().exponent) > DECIMALS or shifted.adjusted() >= 38 - DECIMALS:
        raise ValueError(
            f"a price per unit has at most {DECIMALS} decimals and {38 - DECIMALS} digits before them"
        )
    return shifted
