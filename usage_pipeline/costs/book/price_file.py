"""Reads `prices.yaml`, the prices and aliases that people write."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

from usage_pipeline.costs.book.conditions import Condition, ConditionRule, UnitPrices
from usage_pipeline.costs.book.price_entry import WEEKDAYS, ConditionEntry, PriceEntry, RuleEntry, WindowEntry
from usage_pipeline.costs.book.prices import Price, Tier, Window, exact
from usage_pipeline.errors import ReferenceFileError
from usage_pipeline.registry import NOT_TOKENS, TokenClass
from usage_pipeline.yaml_file import parse_entry, parse_yaml_list, read_once

UNITS = {"million_tokens": 1_000_000, "thousand_tokens": 1_000, "token": 1}
"""The number of tokens that a price is for; prices of requests, searches and tool calls are for one."""


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
    rules: tuple[ConditionRule, ...] = ()


@read_once
def read_price_file(file: Path, text: str) -> PriceFile:
    """Read prices, aliases and rules; none if there is no file.

    Raises ReferenceFileError, naming file, entry and key.
    """
    written = enumerate(parse_yaml_list(file, text, "id"), start=1)
    parsed = [_parse(file, index, entry) for index, entry in written]
    entries = [entry for entry in parsed if isinstance(entry, PriceEntry)]
    prices = [_price(file, entry) for entry in entries if entry.has_prices]
    rules = [_rule(file, entry) for entry in parsed if isinstance(entry, RuleEntry)]
    _expect_unique_ids(file, [*prices, *rules])
    _expect_no_overlap(file, prices)
    return PriceFile(tuple(prices), _aliases(file, entries), tuple(rules))


def _parse(file: Path, index: int, entry: object) -> PriceEntry | RuleEntry:
    keys = entry if isinstance(entry, Mapping) else {}
    name = f"{file}: {keys.get('id') or f'entry {index}'}"
    if "conditions" in keys and keys.keys().isdisjoint({"model", "prices", "tiers"}):
        return parse_entry(RuleEntry, entry, name, ReferenceFileError)
    return parse_entry(PriceEntry, entry, name, ReferenceFileError)


def _rule(file: Path, entry: RuleEntry) -> ConditionRule:
    return ConditionRule(
        id=entry.id,
        provider=entry.provider,
        models=frozenset(entry.models),
        first=entry.from_,
        end=entry.to,
        conditions=_conditions(file, entry),
    )


def _conditions(file: Path, entry: PriceEntry | RuleEntry) -> tuple[Condition, ...]:
    try:
        return tuple(_condition(written, entry.unit) for written in entry.conditions)
    except ValueError as error:
        raise ReferenceFileError(f"{file}: {entry.id}: conditions: {error}.") from None


def _condition(written: ConditionEntry, unit: str) -> Condition:
    return Condition(written.when, written.multiplier, _per_unit(written.prices, unit))


def _price(file: Path, entry: PriceEntry) -> Price:
    try:
        tiers = [Tier(above, _per_unit(prices, entry.unit)) for above, prices in entry.written_tiers]
        windows = [_window(window, tiers, entry.unit) for window in entry.written_windows]
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
        conditions=_conditions(file, entry),
        charges_failed=entry.failed_requests == "charged",
    )


def _window(written: WindowEntry, tiers: Iterable[Tier], unit: str) -> Window:
    """Return the window. Its prices replace those of the same classes, in every tier."""
    inside = _per_unit(written.prices, unit)
    return Window(
        written.from_,
        written.to,
        tuple(Tier(tier.above_tokens_in, {**tier.prices, **inside}) for tier in tiers),
        tuple(sorted(WEEKDAYS.index(name) for name in set(written.weekdays))),
        written.from_day,
        written.to_day,
    )


def _per_unit(prices: Mapping[TokenClass, Decimal], unit: str) -> UnitPrices:
    return {name: exact(price, 1 if name in NOT_TOKENS else UNITS[unit]) for name, price in prices.items()}


def _expect_unique_ids(file: Path, entries: Iterable[Price | ConditionRule]) -> None:
    ids: set[str] = set()
    for entry in entries:
        if entry.id in ids:
            raise ReferenceFileError(f"{file}: {entry.id}: id: two entries have it; rename one.")
        ids.add(entry.id)


def _expect_no_overlap(file: Path, prices: Iterable[Price]) -> None:
    by_model: dict[tuple[str, str], list[Price]] = {}
    for price in prices:
        by_model.setdefault((price.provider, price.model), []).append(price)
    for same in by_model.values():
        ordered = sorted(same, key=lambda price: price.first or date.min)
        for earlier, later in pairwise(ordered):
            if earlier.end is None or (later.first or date.min) < earlier.end:
                raise ReferenceFileError(
                    f"{file}: {later.id}: from: on {later.first} the price {earlier.id} of the same model is in "
                    "force too; give that one a `to`."
                )


def _aliases(file: Path, entries: Sequence[PriceEntry]) -> tuple[Alias, ...]:
    found: dict[str, Alias] = {}
    for entry in entries:
        for name in entry.aliases:
            alias = Alias(name, entry.provider, entry.model)
            _expect_no_model(file, entry, name, entries)
            if found.setdefault(name, alias) != alias:
                raise ReferenceFileError(
                    f"{file}: {entry.id}: aliases: {name!r} is already an alias of {found[name].model} of "
                    f"{found[name].provider}; remove one of them."
                )
    return tuple(sorted(found.values(), key=lambda alias: alias.name))


def _expect_no_model(file: Path, entry: PriceEntry, name: str, entries: Iterable[PriceEntry]) -> None:
    """Refuse an alias that another entry has as its model: its prices would never apply without a provider."""
    for other in entries:
        if other.model == name and (other.provider, other.model) != (entry.provider, entry.model):
            raise ReferenceFileError(
                f"{file}: {entry.id}: aliases: {name!r} is the model of the entry {other.id}; remove the "
                "alias, or rename that model."
            )
