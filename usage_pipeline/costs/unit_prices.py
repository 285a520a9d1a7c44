"""The table `unit_prices`: the price of a unit behind each kind of row of `daily_costs`."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from duckdb import DuckDBPyConnection
from sqlalchemy import Connection

from usage_pipeline.costs.book import book_store
from usage_pipeline.costs.book.conditions import DECIMALS
from usage_pipeline.costs.book.price_book import PriceBook
from usage_pipeline.costs.rates import UsedModel
from usage_pipeline.registry import NONE, PRICING_DIMENSION_NAMES, TokenClass
from usage_pipeline.storage.rows import register_rows
from usage_pipeline.storage.tables import columns

KEY = (
    "day",
    "price_book_version",
    "price_id",
    *PRICING_DIMENSION_NAMES,
    "above_tokens_in",
    "price_window",
    "class",
)
"""The columns of `daily_costs` that determine a unit price."""

UNIT_PRICE_COLUMNS = columns(
    *(
        (name, {"day": "DATE", "above_tokens_in": "BIGINT"}.get(name, "VARCHAR"), "As in `daily_costs`.")
        for name in KEY
    ),
    ("provider", "VARCHAR", "Provider of the priced model."),
    ("priced_model", "VARCHAR", "The model that the price is of."),
    ("unit_price", f"DECIMAL(38,{DECIMALS})", "Price of a unit.", "USD"),
)


def register_unit_prices(connection: Connection, duck: DuckDBPyConnection) -> None:
    """Make the prices of the rows of the view `daily_costs` readable; each kind of row is looked up once."""
    found = duck.execute(f"SELECT DISTINCT {', '.join(KEY)} FROM daily_costs WHERE amount IS NOT NULL").fetchall()
    register_rows(duck, "unit_prices", UNIT_PRICE_COLUMNS, _rows(connection, found))


def _rows(connection: Connection, keys: list[tuple[object, ...]]) -> Iterator[tuple[object, ...]]:
    for key in keys:
        values = dict(zip(KEY, key, strict=True))
        book = book_store.load(connection, str(values["price_book_version"]))
        price = book.by_id[str(values["price_id"])]
        yield *key, price.provider, price.model, _unit_price(book, values)


def _unit_price(book: PriceBook, values: dict[str, object]) -> Decimal | None:
    day = values["day"]
    assert isinstance(day, date)  # noqa: S101 - it is one in the cube
    unusual = (str(values[name]) for name in PRICING_DIMENSION_NAMES)
    variant = UsedModel(None, None, tuple(None if value == NONE else value for value in unusual)).variant
    price = book.under_conditions(book.by_id[str(values["price_id"])], day, variant)
    bands = price.bands(day) if price else ()
    return next(
        (
            band.price_of(TokenClass(str(values["class"])))
            for band in bands
            if (max(band.above_tokens_in, 0), band.window) == (values["above_tokens_in"], values["price_window"])
        ),
        None,
    )
