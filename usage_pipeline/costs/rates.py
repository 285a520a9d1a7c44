"""The table `rates`: the prices of the models of some days, which rating joins with the records.

It has one row per day, provider, model and pricing dimensions as logged, time of day and size of prompt. What has
no price has a row with the reason, so each record joins exactly one row.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from usage_pipeline.costs.book.conditions import DECIMALS, Variant, variant_of
from usage_pipeline.costs.book.prices import APART, MINUTES_OF_DAY, UNLIMITED, Band
from usage_pipeline.errors import ReferenceFileError, UndecidedDaysError
from usage_pipeline.registry import NONE, PRICING_DIMENSION_NAMES, TokenClass
from usage_pipeline.storage.tables import Column, columns

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from sqlalchemy import Connection

    from usage_pipeline.costs.book.price_book import PriceBook, Resolution
    from usage_pipeline.storage.opened import Storage

COARSE_DECIMALS = 12
"""A price with no more decimals gives an exact cost, and multiplies many times faster."""

_MEANING = (
    "Days that were never rated have no costs until the file is corrected. Days that are rated keep their prices "
    "and are not affected."
)

_KEYS = columns(
    ("event_day", "DATE", "Event day, UTC."),
    ("provider", "VARCHAR", "Provider as logged, empty without one."),
    ("model", "VARCHAR", "Model as logged, empty without one."),
    *((name, "VARCHAR", f"As logged, or {NONE}.") for name in PRICING_DIMENSION_NAMES),
    ("from_minute", "BIGINT", "First minute of the day at which the row applies, UTC."),
    ("to_minute", "BIGINT", "The first minute after that."),
    ("above_tokens_in", "BIGINT", "The row is for prompts with more tokens than this.", "tokens"),
    ("up_to_tokens_in", "BIGINT", "The largest prompt that it is for.", "tokens"),
    ("price_id", "VARCHAR", "The price; null without one."),
    ("price_window", "VARCHAR", "Its time of day, if it depends on that; else empty."),
    ("unpriced", "VARCHAR", "The reason why there is no price; null with one."),
    ("price_book_version", "VARCHAR", "The price book of the day."),
    ("charges_failed", "BOOLEAN", "Whether a failed request without tokens costs the price of a request."),
    *(
        (f"demands_{part}", "BOOLEAN", f"Whether the price is only for logs that count {part} apart.")
        for part in APART
    ),
)


def _price_columns() -> Iterator[Column]:
    for name in TokenClass:
        yield Column(
            f"{name}_price",
            f"DECIMAL(38,{COARSE_DECIMALS})",
            f"Price of a unit of {name}, with at most 12 decimals.",
        )
        yield Column(f"{name}_fine_price", f"DECIMAL(38,{DECIMALS})", f"Price of a unit of {name} with more.")


@dataclass(frozen=True)
class Rates:
    """The input `rates`: the models of `usage_records`, by the price book of their day."""

    name: str = "rates"
    columns: tuple[Column, ...] = (*_KEYS, *_price_columns())

    def settle(self, storage: "Storage", connection: "Connection", days: Collection[date]) -> None:
        """Pin the days that were never rated to the current price book.

        Raises UndecidedDaysError for these days if `prices.yaml` is broken.
        """
        from usage_pipeline.costs.book import book_store  # noqa: PLC0415 - slow to import
        from usage_pipeline.costs.book.current import current_price_book  # noqa: PLC0415 - slow to import

        unpinned = set(days) - book_store.pinned(connection, days).keys()
        if not unpinned:
            return
        try:
            book = current_price_book(storage.settings)
        except ReferenceFileError as error:
            raise UndecidedDaysError(f"{error}\n{_MEANING}", unpinned) from None
        book_store.pin(connection, unpinned, book, storage.settings.clock.now)

    def digests(self, connection: "Connection", days: Collection[date]) -> Mapping[date, str]:
        """Return the version of the price book that each day is rated with; empty for days that never were."""
        from usage_pipeline.costs.book import book_store  # noqa: PLC0415 - slow to import

        return {**dict.fromkeys(days, ""), **book_store.pinned(connection, days)}

    def register(self, connection: "Connection", duck: "DuckDBPyConnection", days: Collection[date]) -> None:
        """Make the rates readable; each model of a day is resolved once."""
        from usage_pipeline.costs.book import book_store  # noqa: PLC0415 - slow to import
        from usage_pipeline.storage.rows import register_rows  # noqa: PLC0415 - slow to import

        versions = book_store.pinned(connection, days)
        books = {day: book_store.load(connection, version) for day, version in versions.items()}
        rows = [row for day, usage in used_models(duck) for row in rate_rows(books[day], usage, day)]
        register_rows(duck, self.name, self.columns, rows)


@dataclass(frozen=True)
class UsedModel:
    """A model as logged, with all that its price may depend on in a record."""

    provider: str | None
    model: str | None
    values: tuple[str | None, ...] = (None,) * len(PRICING_DIMENSION_NAMES)
    """Of the pricing dimensions, in their order."""

    @property
    def variant(self) -> Variant:
        """What is unusual about it."""
        return variant_of(dict(zip(PRICING_DIMENSION_NAMES, self.values, strict=True)))

    def resolve(self, book: "PriceBook", day: date) -> "Resolution":
        """Find its price on a day."""
        return book.resolve(self.provider, self.model, day, self.variant)


def used_models(duck: "DuckDBPyConnection") -> list[tuple[date, UsedModel]]:
    """Return the models of the view `usage_records`, with their days.

    A record with the text `(none)` is joined like one without a value, so there is one model for both.
    """
    values = (f"nullif({name}, $none)" for name in PRICING_DIMENSION_NAMES)
    names = ", ".join(("event_day", "nullif(provider, '')", "nullif(model, '')", *values))
    rows = duck.execute(f"SELECT DISTINCT {names} FROM usage_records", {"none": NONE}).fetchall()
    return [(day, UsedModel(provider, model, tuple(values))) for day, provider, model, *values in rows]


def rate_rows(book: "PriceBook", used: UsedModel, day: date) -> Iterator[list[Any]]:
    """Return the rows of a model, as logged, on a day."""
    found = used.resolve(book, day)
    bands = found.price.bands(day) if found.price else iter([_UNPRICED])
    for band in bands:
        yield [
            day,
            used.provider or "",
            used.model or "",
            *(value or NONE for value in used.values),
            band.from_minute,
            band.to_minute,
            band.above_tokens_in,
            band.up_to_tokens_in,
            found.price and found.price.id,
            band.window,
            found.unpriced,
            book.version,
            found.price is not None and found.price.charges_failed,
            *(band.demands(part) for part in APART),
            *(price for name in TokenClass for price in _by_decimals(band.price_of(name))),
        ]


_UNPRICED = Band(0, MINUTES_OF_DAY, -1, UNLIMITED, "", {})


def _by_decimals(price: Decimal | None) -> tuple[Decimal | None, Decimal | None]:
    if price is None:
        return None, None
    coarse = -int(price.as_tuple().exponent) <= COARSE_DECIMALS
    return (price, None) if coarse else (None, price)
