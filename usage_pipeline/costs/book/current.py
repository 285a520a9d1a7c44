"""The price book of now: what people wrote, before the shipped catalogue.

Books of earlier days are read back whole (`book_store.py`), so only rating a day for the first time, or again,
loads the catalogue.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache

from usage_pipeline.costs.book.catalogue import FIRST_PARTIES, Catalogue, load_catalogue
from usage_pipeline.costs.book.price_book import PriceBook, price_book
from usage_pipeline.costs.book.price_file import read_price_file
from usage_pipeline.costs.book.prices import Price
from usage_pipeline.settings import Settings


def current_price_book(settings: Settings) -> PriceBook:
    """The book of now: `prices.yaml` in the reference directory before the installed catalogue.

    Raises ReferenceFileError, naming file and entry.
    """
    file = read_price_file(settings.reference / "prices.yaml")
    return _with_catalogue(PriceBook(file.prices, file.aliases, {}, frozenset()).document)


@lru_cache(maxsize=4)
def _with_catalogue(file: str) -> PriceBook:
    """The file's book before the catalogue; a provider that only the file has makes models of its own."""
    written, catalogue = price_book(file), load_catalogue()
    book = PriceBook(
        prices=(*written.prices, *catalogue.prices),
        aliases=written.aliases,
        names=catalogue.names,
        first_parties=FIRST_PARTIES | (_providers(written.prices) - _providers(catalogue.prices)),
    )
    return replace(book, makers=dict(_makers(book, catalogue)))


def _makers(book: PriceBook, catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    """The one maker of each name that several first parties have, as far as the catalogue knows all of them."""
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
