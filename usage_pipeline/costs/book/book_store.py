"""Stores price books by version, and the version that each day is rated with.

The first computation of a day pins it to a book. Only a re-rating pins it to another.
"""

from collections.abc import Collection, Mapping
from datetime import date, datetime

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from usage_pipeline.costs.book.price_book import PriceBook, price_book
from usage_pipeline.costs.book.tables import PRICE_BOOKS, RATED_DAYS
from usage_pipeline.storage.schema import warehouse_table

price_books = warehouse_table(PRICE_BOOKS)
rated_days = warehouse_table(RATED_DAYS)


def load(connection: Connection, version: str) -> PriceBook:
    """Return the stored book of a version."""
    if version not in _books:
        query = select(price_books.c.document).where(price_books.c.version == version)
        _books[version] = price_book(connection.execute(query).scalar_one())
    return _books[version]


_books: dict[str, PriceBook] = {}
"""The books that this process has read, because parsing one takes as long as rating a day."""


def pin(connection: Connection, days: Collection[date], book: PriceBook, now: datetime) -> None:
    """Store the book, and pin the days to it, also days that are pinned to another."""
    _store(connection, book, now)
    statement = insert(rated_days).values(
        [{"day": day, "price_book_version": book.version, "pinned_at": now} for day in sorted(days)]
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[rated_days.c.day],
            set_={name: statement.excluded[name] for name in ("price_book_version", "pinned_at")},
        )
    )


def _store(connection: Connection, book: PriceBook, now: datetime) -> None:
    known = connection.scalar(select(price_books.c.version).where(price_books.c.version == book.version))
    if known is None:
        row = {"version": book.version, "first_used_at": now, "document": book.document}
        connection.execute(insert(price_books).values(row).on_conflict_do_nothing())


def pinned(connection: Connection, days: Collection[date]) -> Mapping[date, str]:
    """Return the version that each day is pinned to; days without one are left out."""
    query = select(rated_days.c.day, rated_days.c.price_book_version).where(rated_days.c.day.in_(days))
    return {row.day: row.price_book_version for row in connection.execute(query)}
