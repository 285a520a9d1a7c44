"""Price books in the warehouse, by version, and which of them each day was rated with.

Its first computation pins a day to a book. Only a re-rating pins it to another.
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


def keep(connection: Connection, book: PriceBook, now: datetime) -> None:
    """Keep the book, unless this version is there already."""
    known = connection.execute(select(price_books.c.version).where(price_books.c.version == book.version)).first()
    if known is None:
        row = {"version": book.version, "first_used_at": now, "document": book.document}
        connection.execute(insert(price_books).values(row).on_conflict_do_nothing())


def load(connection: Connection, version: str) -> PriceBook:
    """The book of that version, as it was when it was kept."""
    if version not in _books:
        query = select(price_books.c.document).where(price_books.c.version == version)
        _books[version] = price_book(connection.execute(query).scalar_one())
    return _books[version]


_books: dict[str, PriceBook] = {}
"""Those that this process has read: a version is its content, and reading one takes as long as rating a day."""


def pin(connection: Connection, days: Collection[date], book: PriceBook, now: datetime) -> None:
    """Rate the days with this book from now on, whatever they were rated with."""
    keep(connection, book, now)
    statement = insert(rated_days).values(
        [{"day": day, "price_book_version": book.version, "pinned_at": now} for day in sorted(days)]
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[rated_days.c.day],
            set_={name: statement.excluded[name] for name in ("price_book_version", "pinned_at")},
        )
    )


def pinned(connection: Connection, days: Collection[date]) -> Mapping[date, str]:
    """The versions of the books that the days are pinned to, of those that are."""
    query = select(rated_days.c.day, rated_days.c.price_book_version).where(rated_days.c.day.in_(days))
    return {row.day: row.price_book_version for row in connection.execute(query)}
