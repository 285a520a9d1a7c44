"""The price book: all prices and names of models, as a canonical JSON document whose digest is its version.

The document has no floats. Rating resolves each model, provider and day once, never each record.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Any

from usage_pipeline.costs.book.conditions import Condition, ConditionRule, UnitPrices, Variant, conditions_for
from usage_pipeline.costs.book.naming import NameRule, Naming, Reading
from usage_pipeline.costs.book.price_file import Alias
from usage_pipeline.costs.book.prices import Price, Tier, Window
from usage_pipeline.registry import TokenClass
from usage_pipeline.storage.digests import fingerprint


class Unpriced(StrEnum):
    """The reason why tokens have no price."""

    NO_MODEL = "no_model"
    """The record names no model."""
    UNKNOWN_MODEL = "unknown_model"
    """No exact name is the model's, as it stands or by a rule, within the record's provider if it names one."""
    NO_PROVIDER = "no_provider"
    """The record names no provider, and the model has several possible makers, or only resellers."""
    NOT_IN_FORCE = "not_in_force"
    """The model has prices, but none for this day."""
    NO_CONDITION = "no_condition"
    """The price does not say what the record's service tier, region or speed costs."""
    NO_CLASS_PRICE = "no_class_price"
    """The price does not include this class."""
    NO_SPLIT = "no_split"
    """The log does not split the tokens as the price does."""


@dataclass(frozen=True)
class Resolution:
    """The price that applies or the reason why none does, and the provider and model of the name if known."""

    price: Price | None
    unpriced: Unpriced | None
    provider: str | None = None
    model: str | None = None
    rules: tuple[NameRule, ...] = ()
    """The rules by which the name is that of the model; none for an exact name or an alias."""


@dataclass(frozen=True)
class PriceBook:
    """Prices in the order in which they count, aliases of `prices.yaml`, and exact names of the catalogue."""

    prices: tuple[Price, ...]
    aliases: tuple[Alias, ...]
    names: Mapping[tuple[str, str], str]
    first_parties: frozenset[str]
    makers: Mapping[str, str] = field(default_factory=dict)
    """The maker of a name that several first parties have, if it is known."""
    naming: Naming = field(default_factory=Naming)
    rules: tuple[ConditionRule, ...] = ()

    @cached_property
    def document(self) -> str:
        """The book as canonical JSON, as the warehouse stores it."""
        content = {
            "prices": [_price_content(price) for price in self.prices],
            **({"rules": [_rule_content(rule) for rule in self.rules]} if self.rules else {}),
            "aliases": sorted([alias.name, alias.provider, alias.model] for alias in self.aliases),
            "names": sorted([provider, name, model] for (provider, name), model in self.names.items()),
            "first_parties": sorted(self.first_parties),
            # Stored books without makers or rules have no such keys, and their versions must not change.
            **({"makers": dict(self.makers)} if self.makers else {}),
            **({"naming": _naming_content(self.naming)} if self.naming.rules else {}),
        }
        return json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=True)

    @cached_property
    def version(self) -> str:
        """The digest of the document."""
        return fingerprint([self.document])

    def resolve(
        self, provider: str | None, model: str | None, day: date, variant: Variant = frozenset()
    ) -> Resolution:
        """Find the price of a model, as logged, on a day, for requests that are unusual in this way."""
        found = self._resolve(provider, model, day)
        if found.price is None:
            return found
        price = self.under_conditions(found.price, day, variant)
        return replace(found, price=price, unpriced=None if price else Unpriced.NO_CONDITION)

    def under_conditions(self, price: Price, day: date, variant: Variant) -> Price | None:
        """Return the price of requests that are unusual in this way; None if it does not say what they cost."""
        if not variant:
            return price
        rules = [rule for rule in self.rules if rule.applies(price.provider, price.model, day)]
        known = (*price.conditions, *(condition for rule in rules for condition in rule.conditions))
        chosen = conditions_for(variant, known)
        return None if chosen is None else price.under(chosen)

    def _resolve(self, provider: str | None, model: str | None, day: date) -> Resolution:
        if model is None:
            return Resolution(None, Unpriced.NO_MODEL)
        for reading in self.naming.readings(provider, model):
            targets = self._targets(reading)
            if len(targets) == 1:
                return self._priced(targets.pop(), day, reading.rules)
            if targets:
                break
        return Resolution(None, self._why_unmatched(provider, model))

    def _priced(self, target: tuple[str, str], day: date, rules: tuple[NameRule, ...]) -> Resolution:
        dated = self._by_model.get(target, [])
        price = next((price for price in dated if price.in_force(day)), None)
        if price is not None:
            return Resolution(price, None, *target, rules)
        return Resolution(None, Unpriced.NOT_IN_FORCE if dated else Unpriced.UNKNOWN_MODEL, *target, rules)

    def _targets(self, reading: Reading) -> set[tuple[str, str]]:
        """Return the models of a name: the alias, else the provider's model, else the maker's."""
        alias = self._aliases.get(reading.name)
        if alias is not None and not reading.rules and reading.provider in {None, alias.provider}:
            return {(alias.provider, alias.model)}
        return {
            (provider, model)
            for provider, model in self._exact(reading.provider, reading.name)
            if all(rule.allows(provider, model, reading.name) for rule in reading.rules)
        }

    def _exact(self, provider: str | None, name: str) -> set[tuple[str, str]]:
        if provider is not None:
            return self._of_provider(provider, name)
        maker = self.makers.get(name)
        parties = self.first_parties if maker is None else {maker}
        return {target for party in parties for target in self._of_provider(party, name)}

    def _of_provider(self, provider: str, name: str) -> set[tuple[str, str]]:
        if (provider, name) in self._by_model:
            return {(provider, name)}
        model = self.names.get((provider, name))
        return set() if model is None else {(provider, model)}

    def _why_unmatched(self, provider: str | None, name: str) -> Unpriced:
        known = any(self._of_provider(other, name) for other in self._providers)
        return Unpriced.NO_PROVIDER if provider is None and known else Unpriced.UNKNOWN_MODEL

    @cached_property
    def by_id(self) -> Mapping[str, Price]:
        """The prices by their ids."""
        return {price.id: price for price in self.prices}

    @cached_property
    def _aliases(self) -> Mapping[str, Alias]:
        return {alias.name: alias for alias in self.aliases}

    @cached_property
    def _by_model(self) -> Mapping[tuple[str, str], list[Price]]:
        found: dict[tuple[str, str], list[Price]] = {}
        for price in self.prices:
            found.setdefault((price.provider, price.model), []).append(price)
        return found

    @cached_property
    def _providers(self) -> frozenset[str]:
        return frozenset(price.provider for price in self.prices)


def price_book(document: str) -> PriceBook:
    """Read a book from its document."""
    content = json.loads(document)
    return PriceBook(
        prices=tuple(_read_price(price) for price in content["prices"]),
        aliases=tuple(Alias(*alias) for alias in content["aliases"]),
        names={(provider, name): model for provider, name, model in content["names"]},
        first_parties=frozenset(content["first_parties"]),
        makers=content.get("makers", {}),
        naming=_read_naming(content["naming"]) if "naming" in content else Naming(),
        rules=tuple(_read_condition_rule(rule) for rule in content.get("rules", ())),
    )


def _naming_content(naming: Naming) -> dict[str, Any]:
    rules = [{**vars(rule), "resold": sorted(rule.resold)} for rule in naming.rules]
    return {"rules": rules, "providers": dict(naming.providers)}


def _read_naming(content: Mapping[str, Any]) -> Naming:
    return Naming(tuple(_read_rule(**rule) for rule in content["rules"]), content["providers"])


def _read_rule(*, providers: Sequence[str], resold: Sequence[Sequence[str]], **rest: Any) -> NameRule:  # noqa: ANN401 - of JSON
    return NameRule(
        providers=tuple(providers), resold=frozenset((seller, model) for seller, model in resold), **rest
    )


def _price_content(price: Price) -> dict[str, Any]:
    windows = [_window_content(window) for window in price.windows]
    content = {**vars(price), **_days(price), "tiers": _tiers(price.tiers), "windows": windows}
    content["conditions"] = _conditions(price.conditions)
    # Stored prices from before these keys do not have them, and their versions must not change.
    return {name: value for name, value in content.items() if value or name not in _LATER_KEYS}


_LATER_KEYS = frozenset({"conditions", "charges_failed"})


def _rule_content(rule: ConditionRule) -> dict[str, Any]:
    models, conditions = sorted(rule.models), _conditions(rule.conditions)
    return {**vars(rule), **_days(rule), "models": models, "conditions": conditions}


def _conditions(conditions: Iterable[Condition]) -> list[list[Any]]:
    return [
        [
            sorted(map(list, condition.when)),
            condition.multiplier and f"{condition.multiplier:f}",
            _units(condition.prices),
        ]
        for condition in conditions
    ]


def _window_content(window: Window) -> list[Any]:
    content = [window.from_minute, window.to_minute, _tiers(window.tiers)]
    on = {"weekdays": window.weekdays, **_days(window)}
    # Stored windows of every day have no fourth element, and their versions must not change.
    return [*content, on] if any(on.values()) else content


def _days(of: Price | Window | ConditionRule) -> dict[str, str | None]:
    return {name: day.isoformat() if day else None for name, day in (("first", of.first), ("end", of.end))}


def _tiers(tiers: Iterable[Tier]) -> list[list[Any]]:
    return [[tier.above_tokens_in, _units(tier.prices)] for tier in tiers]


def _units(prices: UnitPrices) -> dict[str, str]:
    return {str(name): f"{value:f}" for name, value in prices.items()}


def _read_price(content: Mapping[str, Any]) -> Price:
    windows = tuple(_read_window(*window) for window in content["windows"])
    conditions = _read_conditions(content.get("conditions", ()))
    read = {"tiers": _read_tiers(content["tiers"]), "windows": windows, "conditions": conditions}
    return Price(**{**content, **_read_days(content), **read})


def _read_condition_rule(content: Mapping[str, Any]) -> ConditionRule:
    read = {"models": frozenset(content["models"]), "conditions": _read_conditions(content["conditions"])}
    return ConditionRule(**{**content, **_read_days(content), **read})


def _read_conditions(content: Iterable[Sequence[Any]]) -> tuple[Condition, ...]:
    return tuple(
        Condition(frozenset(map(tuple, when)), multiplier and Decimal(multiplier), _read_units(prices))
        for when, multiplier, prices in content
    )


def _read_window(start: int, end: int, tiers: Sequence[Any], on: Mapping[str, Any] | None = None) -> Window:
    days = {"weekdays": tuple(on["weekdays"]), **_read_days(on)} if on else {}
    return Window(start, end, _read_tiers(tiers), **days)


def _read_days(content: Mapping[str, Any]) -> dict[str, Any]:
    return {name: content[name] and date.fromisoformat(content[name]) for name in ("first", "end")}


def _read_tiers(content: Sequence[Sequence[Any]]) -> tuple[Tier, ...]:
    return tuple(Tier(above, _read_units(prices)) for above, prices in content)


def _read_units(prices: Mapping[str, str]) -> UnitPrices:
    return {TokenClass(name): Decimal(value) for name, value in prices.items()}
