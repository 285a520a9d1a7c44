"""Re-rating: lets days be rated with the price book of now. Nothing else moves a day that was rated."""

from collections.abc import Collection
from datetime import date

from usage_pipeline.costs.book import book_store
from usage_pipeline.costs.book.current import current_price_book
from usage_pipeline.storage.opened import Storage


def rerate(storage: Storage, days: Collection[date]) -> list[date]:
    """Pin these days to the book of now; returns those that were rated with another.

    They are stale by it, and have a new version once they are computed. Days that were never rated stay so.
    Raises ReferenceFileError.
    """
    book, now = current_price_book(storage.settings), storage.settings.clock.now
    with storage.warehouse.begin() as connection:
        rated = book_store.pinned(connection, days)
        moved = sorted(day for day, version in rated.items() if version != book.version)
        if moved:
            book_store.pin(connection, moved, book, now)
    return moved
