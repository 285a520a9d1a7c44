"""Stores price books by version, and the version that each day is rated with.

The first computation of a day pins it to a book. Only a re-rating pins it to another.
"""

from collections.abc import Collection, Mapping
from datetime import date, datetime

from sqlalchemy import Connection

from usage_pipeline.costs.book.price_book import PriceBook, price_book
from usage_pipeline.costs.book.tables import PRICE_BOOKS, RATED_DAYS
from usage_pipeline.storage.pinned_documents import PinnedDocuments
from usage_pipeline.storage.schema import warehouse_table

_STORE = PinnedDocuments(warehouse_table(PRICE_BOOKS), warehouse_table(RATED_DAYS), "price_book_version")


def load(connection: Connection, version: str) -> PriceBook:
    """Return the stored book of a version."""
    if version not in _books:
        _books[version] = price_book(_STORE.document(connection, version))
    return _books[version]


_books: dict[str, PriceBook] = {}
"""The books that this process has read, because parsing one takes as long as rating a day."""


def pin(connection: Connection, days: Collection[date], book: PriceBook, now: datetime) -> None:
    """Store the book, and pin the days to it that are pinned to none."""
    _STORE.pin(connection, days, book.version, book.document, now)


def repin(connection: Connection, days: Collection[date], book: PriceBook, now: datetime) -> None:
    """Store the book, and pin all of the days to it."""
    _STORE.repin(connection, days, book.version, book.document, now)


def pinned(connection: Connection, days: Collection[date]) -> Mapping[date, str]:
    """Return the version that each day is pinned to; days without one are left out."""
    return _STORE.pinned(connection, days)
