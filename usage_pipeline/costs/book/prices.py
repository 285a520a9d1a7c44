"""Prices per unit of each token class: by model, provider and day, size of prompt, weekday and time of day."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from itertools import pairwise

from usage_pipeline.costs.book.conditions import DECIMALS, Condition, UnitPrices
from usage_pipeline.registry import TokenClass

CURRENCY = "USD"
"""The currency of all prices, as in the catalogue. Amounts in two currencies have no sum."""

MINUTES_OF_DAY = 24 * 60
UNLIMITED = 10**18
"""Upper end of the last tier, larger than any prompt."""


INHERITED: Mapping[TokenClass, TokenClass] = {
    TokenClass.REASONING: TokenClass.OUTPUT,
    TokenClass.INPUT_IMAGE: TokenClass.INPUT,
    TokenClass.CACHED_IMAGE: TokenClass.CACHED_INPUT,
    TokenClass.OUTPUT_IMAGE: TokenClass.OUTPUT,
}
"""The classes that have the price of another where they have none of their own."""

APART: Mapping[str, frozenset[TokenClass]] = {
    "cache_write": frozenset({TokenClass.CACHE_WRITE_1H}),
    "audio_in": frozenset({TokenClass.INPUT_AUDIO, TokenClass.CACHED_AUDIO}),
    "image_in": frozenset({TokenClass.INPUT_IMAGE, TokenClass.CACHED_IMAGE}),
    "audio_out": frozenset({TokenClass.OUTPUT_AUDIO}),
    "image_out": frozenset({TokenClass.OUTPUT_IMAGE}),
}
"""What a log has to count apart, and the classes of which a price demands it."""


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
        """Return the price of a unit, its own or the one that it inherits."""
        own = self.prices.get(token_class)
        if own is None and token_class in INHERITED:
            return self.prices.get(INHERITED[token_class])
        return own

    def demands(self, part: str) -> bool:
        """Return True if tokens have a price only in a log that counts this part of them apart."""
        return not APART[part].isdisjoint(self.prices)


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
    conditions: tuple[Condition, ...] = ()
    """Its own conditions, before those of the rules."""
    charges_failed: bool = False
    """Whether a failed request without tokens costs the price of a request."""

    def under(self, conditions: Iterable[Condition]) -> "Price":
        """Return the same price with these conditions applied, at all sizes and times."""
        found = self
        for condition in conditions:
            windows = tuple(replace(window, tiers=_under(condition, window.tiers)) for window in found.windows)
            found = replace(found, tiers=_under(condition, found.tiers), windows=windows)
        return found

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


def _under(condition: Condition, tiers: Iterable[Tier]) -> tuple[Tier, ...]:
    return tuple(replace(tier, prices=condition.apply(tier.prices)) for tier in tiers)


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
