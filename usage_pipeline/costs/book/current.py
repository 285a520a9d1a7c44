"""The current price book, made of `prices.yaml` and the catalogue, and re-rating with it.

Stored books have all their prices (`book_store.py`), so only a first rating or a re-rating loads the catalogue.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from datetime import date
from functools import lru_cache

from usage_pipeline.costs.book import book_store
from usage_pipeline.costs.book.catalogue import Catalogue, load_catalogue
from usage_pipeline.costs.book.naming import FIRST_PARTIES, NAMING, Naming
from usage_pipeline.costs.book.price_book import PriceBook, price_book
from usage_pipeline.costs.book.price_file import read_price_file
from usage_pipeline.costs.book.prices import Price
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage


def current_price_book(settings: Settings) -> PriceBook:
    """Return the prices of `prices.yaml` in the reference directory, followed by those of the catalogue.

    Raises ReferenceFileError, naming file and entry.
    """
    file = read_price_file(settings.reference / "prices.yaml")
    return _with_catalogue(PriceBook(file.prices, file.aliases, {}, frozenset(), rules=file.rules).document)


def rated_book(storage: Storage, day: date) -> PriceBook | None:
    """Return the book that the day is rated with; None if the day was never rated."""
    with storage.warehouse.connect() as connection:
        version = book_store.pinned(connection, [day]).get(day)
        return book_store.load(connection, version) if version else None


def book_of_day(storage: Storage, day: date) -> PriceBook:
    """Return the book that the day is rated with, or the current one if the day was never rated."""
    return rated_book(storage, day) or current_price_book(storage.settings)


def rerate(storage: Storage, days: Collection[date]) -> list[date]:
    """Pin rated days to the current book. Returns the days that were pinned to another.

    These days are stale until they are computed again. Days that were never rated stay so.
    Raises ReferenceFileError.
    """
    book, now = current_price_book(storage.settings), storage.settings.clock.now
    with storage.warehouse.begin() as connection:
        rated = book_store.pinned(connection, days)
        moved = sorted(day for day, version in rated.items() if version != book.version)
        if moved:
            book_store.repin(connection, moved, book, now)
    return moved


@lru_cache(maxsize=4)
def _with_catalogue(file: str) -> PriceBook:
    """Add the catalogue to the book of a file. A provider that only the file has counts as a maker of models."""
    written, catalogue = price_book(file), load_catalogue()
    book = PriceBook(
        prices=(*written.prices, *catalogue.prices),
        aliases=written.aliases,
        names=catalogue.names,
        rules=written.rules,
        first_parties=FIRST_PARTIES | (_providers(written.prices) - _providers(catalogue.prices)),
    )
    return replace(book, makers=dict(_makers(book, catalogue)), naming=_naming(book, written, catalogue))


def _naming(book: PriceBook, written: PriceBook, catalogue: Catalogue) -> Naming:
    """Return the rules. A provider that the file has is meant as it stands, and a date names the maker's model."""
    own, resold = _providers(written.prices), frozenset(_resold(book, catalogue))
    return Naming(
        tuple(replace(rule, resold=resold) if rule.of_ids else rule for rule in NAMING.rules),
        {name: known for name, known in NAMING.providers.items() if name not in own},
    )


def _resold(book: PriceBook, catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    """Yield the models of a first party that another one makes, such as Google's of Anthropic."""
    for provider, model in {(price.provider, price.model) for price in book.prices}:
        makers = catalogue.makers(model, FIRST_PARTIES) if provider in FIRST_PARTIES else []
        if makers and provider not in makers:
            yield provider, model


def _makers(book: PriceBook, catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    """Yield the maker of each name that several first parties have, if the catalogue knows all of them."""
    sellers: dict[str, set[str]] = {}
    for provider, name in (*book.names, *((price.provider, price.model) for price in book.prices)):
        if provider in book.first_parties:
            sellers.setdefault(name, set()).add(provider)
    for name, known in sellers.items():
        makers = catalogue.makers(name, known) if len(known) > 1 and known <= FIRST_PARTIES else []
        if len(makers) == 1:
            yield name, makers[0]


def _providers(prices: Iterable[Price]) -> frozenset[str]:
    return frozenset(price.provider for price in prices)
