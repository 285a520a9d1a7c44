"""An entry of `prices.yaml` as it is written, and what is allowed in it."""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from usage_pipeline.costs.book.conditions import Variant, variant_of
from usage_pipeline.costs.book.prices import CURRENCY
from usage_pipeline.registry import PRICING_DIMENSION_NAMES, TokenClass
from usage_pipeline.tenants.models import Amount

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Name = Annotated[str, Field(min_length=1, max_length=256)]


_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


def _minute(value: object) -> int:
    """Return the minute of the day."""
    found = _TIME.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError('expected a time of day in quotes, from "00:00" to "23:59"')
    return int(found[1]) * 60 + int(found[2])


Minute = Annotated[int, BeforeValidator(_minute)]
Prices = dict[TokenClass, Amount]
Unit = Literal["million_tokens", "thousand_tokens", "token"]
Source = Annotated[str, Field(min_length=1)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TierEntry(_Part):
    """Prices of prompts above a size."""

    above_tokens_in: Annotated[int, Field(ge=0, strict=True)]
    prices: Prices


class WindowEntry(_Part):
    """Prices of a time of day: every day, or on some weekdays and days."""

    from_: Minute = Field(alias="from")
    to: Minute
    weekdays: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...] = ()
    from_day: date | None = None
    to_day: date | None = None
    prices: Prices

    @model_validator(mode="after")
    def _some_time(self) -> "WindowEntry":
        if self.from_ == self.to:
            raise ValueError("from and to are the same time; correct one of them")
        if self.from_day and self.to_day and self.to_day <= self.from_day:
            raise ValueError(
                "to_day is not after from_day; it is the first day on which the window no longer applies"
            )
        return self


class ConditionEntry(_Part):
    """What requests of an unusual tier, region or speed cost: other prices, or a multiple of the usual ones."""

    service_tier: Name | None = None
    region: Name | None = None
    speed: Name | None = None
    multiplier: Amount | None = None
    prices: Prices = {}

    @model_validator(mode="after")
    def _some_condition(self) -> "ConditionEntry":
        named = {name: value for name in PRICING_DIMENSION_NAMES if (value := getattr(self, name)) is not None}
        if not named:
            raise ValueError(f"expected some of {', '.join(PRICING_DIMENSION_NAMES)}")
        if len(variant_of(named)) < len(named):
            raise ValueError("a usual value has the usual price; remove it")
        if (self.multiplier is None) == (not self.prices):
            raise ValueError("expected a multiplier or prices")
        return self

    @property
    def when(self) -> Variant:
        """The values that it is for."""
        return variant_of({name: getattr(self, name) for name in PRICING_DIMENSION_NAMES})


class RuleEntry(_Part):
    """One entry of conditions alone: on the prices of some models of a provider, or of all."""

    id: Name
    provider: Name
    models: tuple[Name, ...] = ()
    from_: date = Field(alias="from")
    to: date | None = None
    unit: Unit = "million_tokens"
    conditions: Annotated[tuple[ConditionEntry, ...], Field(min_length=1)]
    source: Source


class PriceEntry(_Part):
    """One entry: prices of a model, or names of it, or both."""

    id: Name
    provider: Name
    model: Name
    aliases: tuple[Name, ...] = ()
    from_: date | None = Field(None, alias="from")
    to: date | None = None
    unit: Unit = "million_tokens"
    currency: str = CURRENCY
    prices: Prices | None = None
    tiers: tuple[TierEntry, ...] = ()
    off_peak: WindowEntry | None = None
    windows: tuple[WindowEntry, ...] = ()
    conditions: tuple[ConditionEntry, ...] = ()
    failed_requests: Literal["free", "charged"] = "free"
    source: Source | None = None

    @field_validator("currency")
    @classmethod
    def _one_currency(cls, currency: str) -> str:
        if currency != CURRENCY:
            raise ValueError(f"expected {CURRENCY}, the currency of all prices")
        return currency

    @field_validator("tiers")
    @classmethod
    def _ascending(cls, tiers: tuple[TierEntry, ...]) -> tuple[TierEntry, ...]:
        starts = [tier.above_tokens_in for tier in tiers]
        if starts and (starts[0] != 0 or any(later <= earlier for earlier, later in pairwise(starts))):
            raise ValueError("expected tiers in ascending order of above_tokens_in, the first of them 0")
        return tiers

    @model_validator(mode="after")
    def _one_kind(self) -> "PriceEntry":
        if self.prices is not None and self.tiers:
            raise ValueError("expected prices or tiers, not both")
        if self.off_peak and self.windows:
            raise ValueError("expected off_peak, which is one window, or windows, not both")
        if self.has_prices and (self.from_ is None or self.source is None):
            raise ValueError("a price needs `from`, its first day, and its `source`")
        if not self.has_prices and not self.aliases:
            raise ValueError("expected prices or tiers, or aliases of a model that the catalogue has")
        if not self.has_prices and (self.from_ or self.to or self.written_windows):
            raise ValueError("from, to, off_peak and windows belong to prices, which are missing")
        if self.from_ and self.to and self.to <= self.from_:
            raise ValueError("`to` is not after `from`; it is the first day on which the price no longer applies")
        return self

    @property
    def has_prices(self) -> bool:
        """True unless it only names a model."""
        return self.prices is not None or bool(self.tiers)

    @property
    def written_tiers(self) -> list[tuple[int, Mapping[TokenClass, Decimal]]]:
        """Prices by size of the prompt, from the number of tokens above which they apply."""
        if self.prices is not None:
            return [(0, self.prices)]
        return [(tier.above_tokens_in, tier.prices) for tier in self.tiers]

    @property
    def written_windows(self) -> tuple[WindowEntry, ...]:
        """The windows, under either key."""
        return (self.off_peak,) if self.off_peak else self.windows
