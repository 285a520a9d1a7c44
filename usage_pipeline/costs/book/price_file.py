"""Reads `prices.yaml`, the prices and aliases that people write."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from usage_pipeline.costs.book.prices import CURRENCY, Price, Tier, UnitPrices, Window, exact
from usage_pipeline.errors import ReferenceFileError
from usage_pipeline.registry import TokenClass
from usage_pipeline.tenants.models import Amount
from usage_pipeline.yaml_file import read_yaml_list

UNITS = {"million_tokens": 1_000_000, "thousand_tokens": 1_000, "token": 1}
"""The number of tokens that a price is for; prices of requests and tool calls are for one."""

_PER_ONE = {TokenClass.REQUEST, TokenClass.TOOL_CALL}

Name = Annotated[str, Field(min_length=1, max_length=256)]


@dataclass(frozen=True)
class Alias:
    """A name as logged, with its provider and model."""

    name: str
    provider: str
    model: str


@dataclass(frozen=True)
class PriceFile:
    """The content of the file."""

    prices: tuple[Price, ...] = ()
    aliases: tuple[Alias, ...] = ()


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Tier(_Part):
    above_tokens_in: Annotated[int, Field(ge=0, strict=True)]
    prices: dict[TokenClass, Amount]


class _OffPeak(_Part):
    from_: Annotated[str, Field(alias="from", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
    to: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
    prices: dict[TokenClass, Amount]

    @model_validator(mode="after")
    def _some_time(self) -> "_OffPeak":
        if self.from_ == self.to:
            raise ValueError("from and to are the same time; correct one of them")
        return self


class _Entry(_Part):
    id: Name
    provider: Name
    model: Name
    aliases: tuple[Name, ...] = ()
    from_: date | None = Field(None, alias="from")
    to: date | None = None
    unit: Literal["million_tokens", "thousand_tokens", "token"] = "million_tokens"
    currency: str = CURRENCY
    prices: dict[TokenClass, Amount] | None = None
    tiers: tuple[_Tier, ...] = ()
    off_peak: _OffPeak | None = None
    source: Annotated[str, Field(min_length=1)] | None = None

    @field_validator("currency")
    @classmethod
    def _one_currency(cls, currency: str) -> str:
        if currency != CURRENCY:
            raise ValueError(f"expected {CURRENCY}, the currency of all prices")
        return currency

    @field_validator("tiers")
    @classmethod
    def _ascending(cls, tiers: tuple[_Tier, ...]) -> tuple[_Tier, ...]:
        starts = [tier.above_tokens_in for tier in tiers]
        if starts and (starts[0] != 0 or any(later <= earlier for earlier, later in pairwise(starts))):
            raise ValueError("expected tiers in ascending order of above_tokens_in, the first of them 0")
        return tiers

    @model_validator(mode="after")
    def _one_kind(self) -> "_Entry":
        if self.prices is not None and self.tiers:
            raise ValueError("expected prices or tiers, not both")
        priced = self.prices is not None or bool(self.tiers)
        if priced and (self.from_ is None or self.source is None):
            raise ValueError("a price needs `from`, its first day, and its `source`")
        if not priced and not self.aliases:
            raise ValueError("expected prices or tiers, or aliases of a model that the catalogue has")
        if not priced and (self.from_ or self.to or self.off_peak):
            raise ValueError("from, to and off_peak belong to prices, which are missing")
        if self.from_ and self.to and self.to <= self.from_:
            raise ValueError("`to` is not after `from`; it is the first day on which the price no longer applies")
        return self

    @property
    def written_tiers(self) -> list[tuple[int, Mapping[TokenClass, Decimal]]]:
        """Prices by size of the prompt, from the number of tokens above which they apply."""
        if self.prices is not None:
            return [(0, self.prices)]
        return [(tier.above_tokens_in, tier.prices) for tier in self.tiers]


def read_price_file(file: Path) -> PriceFile:
    """Read prices and aliases; none if there is no file. Raises ReferenceFileError, naming file and entry."""
    if not file.exists():
        return PriceFile()
    entries = [
        _parse(file, index, entry) for index, entry in enumerate(read_yaml_list(file, ReferenceFileError), start=1)
    ]
    prices = [_price(file, entry) for entry in entries if entry.prices is not None or entry.tiers]
    _expect_no_overlap(file, prices)
    return PriceFile(tuple(prices), _aliases(file, entries))


def _parse(file: Path, index: int, entry: object) -> _Entry:
    name = entry.get("id") if isinstance(entry, Mapping) else None
    try:
        return _Entry.model_validate(entry)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, found['loc'])) or 'entry'}: {found['msg']}, found {found['input']!r}"
            for found in error.errors()
        )
        raise ReferenceFileError(f"{file}: {name or f'entry {index}'}: {problems}.") from None


def _price(file: Path, entry: _Entry) -> Price:
    try:
        tiers = [Tier(above, _per_unit(prices, entry.unit)) for above, prices in entry.written_tiers]
        windows = [_window(entry.off_peak, tiers, entry.unit)] if entry.off_peak else []
    except ValueError as error:
        raise ReferenceFileError(f"{file}: {entry.id}: {error}.") from None
    return Price(
        id=entry.id,
        provider=entry.provider,
        model=entry.model,
        first=entry.from_,
        end=entry.to,
        tiers=tuple(tiers),
        source=entry.source or "",
        windows=tuple(windows),
    )


def _window(off_peak: _OffPeak, tiers: Iterable[Tier], unit: str) -> Window:
    """Return the off-peak window. Its prices replace those of the same classes, in every tier."""
    inside = _per_unit(off_peak.prices, unit)
    return Window(
        _minute(off_peak.from_),
        _minute(off_peak.to),
        tuple(Tier(tier.above_tokens_in, {**tier.prices, **inside}) for tier in tiers),
    )


def _minute(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def _per_unit(prices: Mapping[TokenClass, Decimal], unit: str) -> UnitPrices:
    return {name: exact(price, 1 if name in _PER_ONE else UNITS[unit]) for name, price in prices.items()}


def _expect_no_overlap(file: Path, prices: Iterable[Price]) -> None:
    ids: set[str] = set()
    by_model: dict[tuple[str, str], list[Price]] = {}
    for price in prices:
        if price.id in ids:
            raise ReferenceFileError(f"{file}: {price.id}: id: two entries have it; rename one.")
        ids.add(price.id)
        by_model.setdefault((price.provider, price.model), []).append(price)
    for same in by_model.values():
        ordered = sorted(same, key=lambda price: price.first or date.min)
        for earlier, later in pairwise(ordered):
            if earlier.end is None or (later.first or date.min) < earlier.end:
                raise ReferenceFileError(
                    f"{file}: {later.id}: from: on {later.first} the price {earlier.id} of the same model is in "
                    "force too; give that one a `to`."
                )


def _aliases(file: Path, entries: Iterable[_Entry]) -> tuple[Alias, ...]:
    found: dict[str, Alias] = {}
    for entry in entries:
        for name in entry.aliases:
            alias = Alias(name, entry.provider, entry.model)
            if found.setdefault(name, alias) != alias:
                raise ReferenceFileError(
                    f"{file}: {entry.id}: aliases: {name!r} is already an alias of {found[name].model} of "
                    f"{found[name].provider}; remove one of them."
                )
    return tuple(sorted(found.values(), key=lambda alias: alias.name))
