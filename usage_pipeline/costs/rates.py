"""`rates`: what the models of a day cost, as the table that rating joins records with.

One row per provider and model as logged, time of day and size of prompt. A model without a price has a row too,
that says why. So each record meets exactly one row.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from usage_pipeline.costs.book.prices import DECIMALS, MINUTES_OF_DAY, UNLIMITED, Band, TokenClass
from usage_pipeline.storage.tables import Column, columns

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from sqlalchemy import Connection

    from usage_pipeline.costs.book.price_book import PriceBook
    from usage_pipeline.storage.opened import Storage

COARSE_DECIMALS = 12
"""A price with no more decimals makes costs that need no rounding, and multiplies many times faster."""

_KEYS = columns(
    ("provider", "VARCHAR", "Provider as logged, empty without one."),
    ("model", "VARCHAR", "Model as logged, empty without one."),
    ("from_minute", "BIGINT", "First minute of the day at which the row applies, UTC."),
    ("to_minute", "BIGINT", "The minute at which it no longer does."),
    ("above_tokens_in", "BIGINT", "Prompts with more tokens than this meet the row.", "tokens"),
    ("up_to_tokens_in", "BIGINT", "The largest prompt that does.", "tokens"),
    ("price_id", "VARCHAR", "The price; null without one."),
    ("price_window", "VARCHAR", "When in the day it applies, where it differs by that; else empty."),
    ("unpriced", "VARCHAR", "Why there is no price, where there is none."),
    ("price_book_version", "VARCHAR", "The price book that says so."),
)


def _price_columns() -> Iterator[Column]:
    for name in TokenClass:
        yield Column(
            f"{name}_price",
            f"DECIMAL(38,{COARSE_DECIMALS})",
            f"Price of a unit of {name}, if it has so few decimals.",
        )
        yield Column(f"{name}_fine_price", f"DECIMAL(38,{DECIMALS})", f"Price of a unit of {name} with more.")


@dataclass(frozen=True)
class Rates:
    """The input `rates`: the models that occur among `usage_records`, by the price book of the day."""

    name: str = "rates"
    columns: tuple[Column, ...] = (*_KEYS, *_price_columns())

    def settle(self, storage: "Storage", connection: "Connection", day: date) -> None:
        """A day that was never rated is from now on rated with the price book of now."""
        from usage_pipeline.costs.book import book_store  # noqa: PLC0415 - slow to import
        from usage_pipeline.costs.book.price_book import current_price_book  # noqa: PLC0415 - slow to import

        if day not in book_store.decided(connection, [day]):
            book = current_price_book(storage.settings)
            book_store.decide(connection, [day], book, storage.settings.clock())

    def digests(self, connection: "Connection", days: Collection[date]) -> Mapping[date, str]:
        """The version of the price book that each day is rated with; nothing for days that never were."""
        from usage_pipeline.costs.book import book_store  # noqa: PLC0415 - slow to import

        return {**dict.fromkeys(days, ""), **book_store.decided(connection, days)}

    def register(self, connection: "Connection", duck: "DuckDBPyConnection", day: date) -> None:
        """Look up the models of the day, each once."""
        from usage_pipeline.costs.book import book_store  # noqa: PLC0415 - slow to import

        book = book_store.load(connection, book_store.decided(connection, [day])[day])
        names = duck.execute("SELECT DISTINCT provider, model FROM usage_records").fetchall()
        register_rates(
            duck, self, [row for provider, model in names for row in rate_rows(book, provider, model, day)]
        )


def register_rates(duck: "DuckDBPyConnection", rates: Rates, rows: Sequence[Sequence[Any]]) -> None:
    """Make the rows readable under the name of the input."""
    import pyarrow as pa  # noqa: PLC0415 - slow to import

    types = {"VARCHAR": pa.string(), "BIGINT": pa.int64()}
    arrays = [
        pa.array([row[index] for row in rows], types.get(column.type) or pa.decimal128(38, _scale(column.type)))
        for index, column in enumerate(rates.columns)
    ]
    duck.register(rates.name, pa.table(arrays, names=[column.name for column in rates.columns]))


def rate_rows(book: "PriceBook", provider: str | None, model: str | None, day: date) -> Iterator[list[Any]]:
    """The rows of one model as logged."""
    found = book.resolve(provider, model, day)
    bands = found.price.bands if found.price else iter([_UNPRICED])
    for band in bands:
        yield [
            provider or "",
            model or "",
            band.from_minute,
            band.to_minute,
            band.above_tokens_in,
            band.up_to_tokens_in,
            found.price and found.price.id,
            band.window,
            found.unpriced,
            book.version,
            *(price for name in TokenClass for price in _by_decimals(band.price_of(name))),
        ]


_UNPRICED = Band(0, MINUTES_OF_DAY, -1, UNLIMITED, "", {})


def _by_decimals(price: Decimal | None) -> tuple[Decimal | None, Decimal | None]:
    if price is None:
        return None, None
    coarse = -int(price.as_tuple().exponent) <= COARSE_DECIMALS
    return (price, None) if coarse else (None, price)


def _scale(decimal_type: str) -> int:
    return int(decimal_type.rstrip(")").rpartition(",")[2])
