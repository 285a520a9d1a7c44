"""Prices per unit of each token class: by model, provider and day, size of prompt, weekday and time of day."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import pairwise

from usage_pipeline.registry import TokenClass

CURRENCY = "USD"
"""The currency of all prices, as in the catalogue. Amounts in two currencies have no sum."""

DECIMALS = 24
"""Decimals of a price per unit, which is a DECIMAL(38,24)."""

MINUTES_OF_DAY = 24 * 60
UNLIMITED = 10**18
"""Upper end of the last tier, larger than any prompt."""


UNSPLIT = "unsplit"
"""The class of tokens that a log does not split into input and output; it has no price."""

UnitPrices = Mapping[TokenClass, Decimal]


@dataclass(frozen=True)
class Tier:
    """Prices of a whole request with more than `above_tokens_in` input tokens."""

    above_tokens_in: int
    prices: UnitPrices


@dataclass(frozen=True)
class Window:
    """Prices in a half-open range of minutes of some days, UTC. A range may wrap midnight within each day."""

    from_minute: int
    to_minute: int
    tiers: tuple[Tier, ...]
    weekdays: tuple[int, ...] = ()
    """Monday is 0; empty for every day."""
    first: date | None = None
    end: date | None = None
    """The first day on which it no longer applies."""

    def in_force(self, day: date) -> bool:
        """Return True if the window is on this day."""
        return _within(self.first, day, self.end) and (not self.weekdays or day.weekday() in self.weekdays)

    def contains(self, minute: int) -> bool:
        """Return True if the minute of the day is in the window."""
        if self.from_minute < self.to_minute:
            return self.from_minute <= minute < self.to_minute
        return minute >= self.from_minute or minute < self.to_minute


@dataclass(frozen=True)
class Band:
    """The prices for a range of minutes and of input tokens; the bands of a price do not overlap."""

    from_minute: int
    to_minute: int
    above_tokens_in: int
    """-1 for the lowest tier, so that it includes a request without input tokens."""
    up_to_tokens_in: int
    window: str
    """The time range, such as `16:30-00:30`; empty for usual prices."""
    prices: UnitPrices

    def price_of(self, token_class: TokenClass) -> Decimal | None:
        """Return the price of a unit; reasoning without a price is priced as output."""
        own = self.prices.get(token_class)
        if own is None and token_class is TokenClass.REASONING:
            return self.prices.get(TokenClass.OUTPUT)
        return own


@dataclass(frozen=True)
class Price:
    """The price of a provider's model from `first` until the day before `end`; null is no limit."""

    id: str
    provider: str
    model: str
    first: date | None
    end: date | None
    tiers: tuple[Tier, ...]
    source: str
    windows: tuple[Window, ...] = field(default=())
    """Where windows overlap, the last one counts."""

    def in_force(self, day: date) -> bool:
        """Return True if the price applies on the day."""
        return _within(self.first, day, self.end)

    def bands(self, day: date) -> Iterator[Band]:
        """Yield the prices of a day by time and size of prompt."""
        windows = [window for window in self.windows if window.in_force(day)]
        edges = {0, MINUTES_OF_DAY}.union(*({window.from_minute, window.to_minute} for window in windows))
        for start, end in pairwise(sorted(edges)):
            window = next((window for window in reversed(windows) if window.contains(start)), None)
            tiers = window.tiers if window else self.tiers
            label = time_range(window.from_minute, window.to_minute) if window else ""
            ends = [*(tier.above_tokens_in for tier in tiers[1:]), UNLIMITED]
            for index, (tier, up_to) in enumerate(zip(tiers, ends, strict=True)):
                yield Band(start, end, tier.above_tokens_in if index else -1, up_to, label, tier.prices)


def _within(first: date | None, day: date, end: date | None) -> bool:
    return (first is None or first <= day) and (end is None or day < end)


def time_range(from_minute: int, to_minute: int) -> str:
    """Format minutes of the day as `16:30-00:30`."""
    return "-".join(f"{minute // 60:02d}:{minute % 60:02d}" for minute in (from_minute, to_minute))


def exact(value: Decimal, units: int) -> Decimal:
    """Divide a price by a power of ten, exactly.

    Raises ValueError if the result does not fit into DECIMAL(38,24).
    """
    sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)  # noqa: S101 - NaN and infinity were rejected before
    shifted = Decimal((sign, digits, exponent - (len(str(units)) - 1))).normalize()
    if -int(shifted.as_tuple().exponent) > DECIMALS or shifted.adjusted() >= 38 - DECIMALS:
        raise ValueError(
            f"a price per unit has at most {DECIMALS} decimals and {38 - DECIMALS} digits before them"
        )
    return shifted
