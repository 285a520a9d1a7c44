"""Computes the cost of one record by class, with the SELECT of the cube."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from duckdb import DuckDBPyConnection
from sqlalchemy import Connection

from usage_pipeline.costs.book import book_store
from usage_pipeline.costs.rates import Rates, rate_rows, used_models
from usage_pipeline.costs.tables import DAILY_COSTS
from usage_pipeline.storage.daily import ReferenceRows
from usage_pipeline.storage.inputs import register_derived, register_reference
from usage_pipeline.storage.rows import register_rows

_RATES = Rates()


@dataclass(frozen=True)
class ClassCost:
    """Quantity, price and cost of one class (tokens, requests, searches or tool calls) of a record."""

    token_class: str
    quantity: int
    unit_price: Decimal | None
    amount: Decimal | None
    """In US dollars, rounded to 12 decimals; null without a price."""
    price_id: str
    unpriced: str
    """The reason why there is no price; empty with one."""
    price_book_version: str


def cost_of_record(connection: Connection, duck: DuckDBPyConnection, day: date) -> tuple[ClassCost, ...]:
    """Return the cost of the only record of the view `usage_records`; nothing if its day was never rated."""
    version = book_store.pinned(connection, [day]).get(day)
    if version is None:
        return ()
    book = book_store.load(connection, version)
    prices = [row for _, used in used_models(duck) for row in rate_rows(book, used, day)]
    register_rows(duck, _RATES.name, _RATES.columns, prices)
    for entry in DAILY_COSTS.inputs:
        if isinstance(entry, ReferenceRows):
            register_reference(entry, duck)
    register_derived(DAILY_COSTS.inputs, duck)
    names = "class, quantity, amount, price_id, unpriced, price_book_version"
    rows = duck.execute(f"SELECT {names} FROM ({DAILY_COSTS.sql.text}) AS costs ORDER BY class").fetchall()
    return tuple(
        ClassCost(name, quantity, _unit_price(duck, name) if amount is not None else None, amount, *rest)
        for name, quantity, amount, *rest in rows
    )


def _unit_price(duck: DuckDBPyConnection, token_class: str) -> Decimal:
    coarse, fine = duck.execute(
        f"SELECT rates.{token_class}_price, rates.{token_class}_fine_price "
        "FROM rated_records INNER JOIN rates USING (above_tokens_in, price_window) LIMIT 1"
    ).fetchall()[0]
    price: Decimal = fine if coarse is None else coarse
    return price.normalize()
