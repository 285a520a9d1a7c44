"""The price book: all prices there are and the names that they go by, with a version that is its content.

Of two that apply, `prices.yaml` counts before the catalogue. It is asked once per model, provider and day, never
per record.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cached_property

from usage_pipeline.costs.book.document import document_of, parts_of, version_of
from usage_pipeline.costs.book.price_file import Alias
from usage_pipeline.costs.book.prices import Price


class Unpriced(StrEnum):
    """Why tokens have no price."""

    NO_MODEL = "no_model"
    """The record names no model."""
    UNKNOWN_MODEL = "unknown_model"
    """No exact id and no alias is the model's name, with this provider if the record names one."""
    NO_PROVIDER = "no_provider"
    """The record names none, and the model is of several providers of which none is known to make it, or only of
    such as sell those of others."""
    NOT_IN_FORCE = "not_in_force"
    """There are prices of the model, none of them for this day."""
    NO_CLASS_PRICE = "no_class_price"
    """The price says nothing of this class of tokens."""
    NO_SPLIT = "no_split"
    """The log says how many tokens, and not how many of them are input."""


@dataclass(frozen=True)
class Resolution:
    """Which price applies, or why none does; and the provider and model that the name stands for, if known."""

    price: Price | None
    unpriced: Unpriced | None
    provider: str | None = None
    model: str | None = None


@dataclass(frozen=True)
class PriceBook:
    """Prices in the order in which they count, the aliases of people, and the exact names of the catalogue."""

    prices: tuple[Price, ...]
    aliases: tuple[Alias, ...]
    names: Mapping[tuple[str, str], str]
    first_parties: frozenset[str]
    makers: Mapping[str, str] = field(default_factory=dict)
    """Of names that several first parties have: whose own model it is, where that is known."""

    @cached_property
    def document(self) -> str:
        """The whole book as canonical JSON, as the warehouse keeps it."""
        return document_of(
            prices=self.prices,
            aliases=self.aliases,
            names=self.names,
            first_parties=self.first_parties,
            makers=self.makers,
        )

    @cached_property
    def version(self) -> str:
        """Digest of the content: the same prices and names have the same version, whenever they were read."""
        return version_of(self.document)

    def resolve(self, provider: str | None, model: str | None, day: date) -> Resolution:
        """The price of a model as logged on a day."""
        if model is None:
            return Resolution(None, Unpriced.NO_MODEL)
        targets = self._targets(provider, model)
        if len(targets) != 1:
            return Resolution(None, self._why_unmatched(provider, model))
        target = targets.pop()
        dated = self._by_model.get(target, [])
        price = next((price for price in dated if price.in_force(day)), None)
        if price is not None:
            return Resolution(price, None, *target)
        return Resolution(None, Unpriced.NOT_IN_FORCE if dated else Unpriced.UNKNOWN_MODEL, *target)

    def _targets(self, provider: str | None, name: str) -> set[tuple[str, str]]:
        """What the name may stand for: with a provider that one's model, else the alias', else its maker's."""
        alias = self._aliases.get(name)
        if alias is not None and provider in {None, alias.provider}:
            return {(alias.provider, alias.model)}
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
    """The book that a text is."""
    return PriceBook(**parts_of(document))
