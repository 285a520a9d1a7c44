"""Finds the provider of a model, and the name of a model that both sides use."""

from dataclasses import dataclass, field
from datetime import date

from usage_pipeline.costs.book.current import book_of_day
from usage_pipeline.costs.book.price_book import PriceBook, Unpriced
from usage_pipeline.registry import NONE
from usage_pipeline.storage.opened import Storage

OTHERS = "(others)"
"""The provider of a name that several other providers have."""


@dataclass(frozen=True)
class Owned:
    """A model and its provider; null if the provider is unknown."""

    provider: str | None
    model: str


@dataclass
class Names:
    """Names of one provider's models, by the price book of each day: aliases and dated names are one model."""

    storage: Storage
    provider: str
    _books: dict[date, PriceBook] = field(default_factory=dict)

    def theirs(self, name: str, day: date) -> str:
        """Return the model that the provider's name means; the name itself if no price has it."""
        return self._book(day).resolve(self.provider, name, day).model or name

    def priced(self, price_id: str, day: date) -> Owned | None:
        """Return the model of a price; None without a price."""
        price = self._book(day).by_id.get(price_id)
        return None if price is None else Owned(price.provider, price.model)

    def unpriced(self, name: str, day: date) -> Owned:
        """Return the model that a logged name means; this provider's if several providers have the name."""
        if name == NONE:
            return Owned(None, name)
        book = self._book(day)
        alone = book.resolve(None, name, day)
        found = alone if alone.provider else book.resolve(self.provider, name, day)
        shared = OTHERS if alone.unpriced is Unpriced.NO_PROVIDER else None
        return Owned(found.provider or shared, found.model or name)

    def _book(self, day: date) -> PriceBook:
        if day not in self._books:
            self._books[day] = book_of_day(self.storage, day)
        return self._books[day]
