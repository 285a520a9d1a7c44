"""Rates records that a test writes down, with the SELECTs of the tables and nothing else of the pipeline."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

import duckdb

from usage_pipeline.costs.book.price_book import PriceBook
from usage_pipeline.costs.book.price_file import read_price_file
from usage_pipeline.costs.rates import Rates, rate_rows, used_models
from usage_pipeline.costs.tables import DAILY_COSTS
from usage_pipeline.records.tables import USAGE_RECORDS
from usage_pipeline.storage.daily import DailyTable, Derived, ReferenceRows
from usage_pipeline.storage.engine import session
from usage_pipeline.storage.inputs import register_reference, rows_of
from usage_pipeline.storage.rows import register_rows
from usage_pipeline_tests.costs.generic import write_prices

DAY = date(2026, 5, 1)
DEFAULTS = {"tenant_id": "acme", "source": "calls", "type": "request", "model": "m"}


@dataclass(frozen=True)
class Rating:
    """A connection in which the records of the day and their rates are readable."""

    duck: duckdb.DuckDBPyConnection

    def rows(self, table: DailyTable = DAILY_COSTS) -> list[dict[str, object]]:
        """The rows of a table of costs."""
        found = self.duck.execute(table.sql.text)
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def total(self) -> Decimal | None:
        """What all of it cost."""
        amounts = [row["amount"] for row in self.rows() if row["amount"] is not None]
        return sum(map(Decimal, map(str, amounts)), Decimal(0)) if amounts else None

    def by_class(self) -> dict[str, tuple[int, Decimal | None]]:
        """Quantity and amount of each class; the records must be alike in all else."""
        return {row["class"]: (row["quantity"], row["amount"]) for row in self.rows()}  # type: ignore[misc]  # a text


def book_of(folder: Path, text: str) -> PriceBook:
    """The book of a `prices.yaml` alone."""
    file = read_price_file(write_prices(folder, text))
    return PriceBook(
        file.prices, file.aliases, {}, frozenset(price.provider for price in file.prices), rules=file.rules
    )


@cache
def engine() -> duckdb.DuckDBPyConnection:
    """One engine for all, each with a session of its own: to open one takes longer than to rate."""
    return duckdb.connect(config={"threads": 1})


@contextmanager
def rating(book: PriceBook, records: Sequence[Mapping[str, object]], day: date = DAY) -> Iterator[Rating]:
    """Make the records readable, with the rates of their models on the day."""
    with session(engine()) as duck:
        duck.execute(f"CREATE TEMP TABLE usage_records AS {rows_of(USAGE_RECORDS.spec, {})}")
        for number, record in enumerate(records):
            when = {"event_day": day, "occurred_at": f"{day} 12:00:00"}
            insert(duck, {**DEFAULTS, "record_id": str(number), **when, **record})
        rows = [row for _, used in used_models(duck) for row in rate_rows(book, used, day)]
        register_rows(duck, Rates().name, Rates().columns, rows)
        for entry in DAILY_COSTS.inputs:
            if isinstance(entry, ReferenceRows):
                register_reference(entry, duck)
            elif isinstance(entry, Derived):
                duck.execute(f"CREATE TEMP VIEW {entry.name} AS {entry.sql.text}")
        yield Rating(duck)


def insert(duck: duckdb.DuckDBPyConnection, record: Mapping[str, object]) -> None:
    """Add a record to the table `usage_records`."""
    names = ", ".join(f'"{name}"' for name in record)
    duck.execute(
        f"INSERT INTO usage_records ({names}) VALUES ({', '.join('?' for _ in record)})", list(record.values())
    )
