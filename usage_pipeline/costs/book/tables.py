"""The tables of this folder: price books, and the book of each day."""

from usage_pipeline.storage.tables import TableSpec, columns

PRICE_BOOKS = TableSpec(
    name="price_books",
    description="Each price book that a day was rated with, one row per version.",
    columns=columns(
        ("version", "VARCHAR", "Digest of the document."),
        ("first_used_at", "TIMESTAMPTZ", "When a day was first pinned to it."),
        ("document", "VARCHAR", "The book, as canonical JSON."),
    ),
    key=("version",),
)

RATED_DAYS = TableSpec(
    name="rated_days",
    description="The price book that each event day is pinned to, one row per day.",
    columns=columns(
        ("day", "DATE", "Event day, UTC."),
        ("price_book_version", "VARCHAR", "Version of the price book."),
        ("pinned_at", "TIMESTAMPTZ", "When the day was pinned."),
    ),
    key=("day",),
)
