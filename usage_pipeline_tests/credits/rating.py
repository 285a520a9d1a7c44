"""Rates records that a test writes down in credits, with the SELECTs of the tables alone."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

import duckdb

from usage_pipeline.credits.charges import CreditCharges, charge_rows
from usage_pipeline.credits.rate_file import CreditRates, read_rates
from usage_pipeline.credits.tables import CREDIT_USAGE
from usage_pipeline.records.tables import USAGE_RECORDS
from usage_pipeline.storage.daily import DailyTable, Derived, ReferenceRows
from usage_pipeline.storage.engine import session
from usage_pipeline.storage.inputs import register_reference, rows_of
from usage_pipeline.storage.rows import register_rows
from usage_pipeline_tests.costs.rating import insert

DAY = date(2026, 5, 1)
RATES = """
- from: 2026-01-01
  minimum_per_operation: "0.1"
  operations:
    persona_prompt: {base: "1", per_1k_tokens: {default: "2", premium: "10"}}
    persona_create: {base: "5"}
    file_upload: {base: "1", per_mb: "0.5"}
    agent_run: {base: "2", per_1k_tokens: {default: "2", premium: "10"}, per_tool_call: "0.25"}
    persona_list: {}
    persona_update: {minimum: "0"}
  model_groups:
    premium: ["gpt-5*", "claude-opus-*", "o3"]
  complexity:
    drafts: "1.5"
"""


@dataclass(frozen=True)
class Rated:
    """A connection in which the records of the day and their charges are readable."""

    duck: duckdb.DuckDBPyConnection

    def rows(self, table: DailyTable = CREDIT_USAGE) -> list[dict[str, object]]:
        """The rows of a table of credits."""
        found = self.duck.execute(table.sql.text)
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def rates_of(folder: Path, text: str = RATES) -> tuple[CreditRates, ...]:
    """The entries of a `credit_rates.yaml` with this text."""
    file = folder / "credit_rates.yaml"
    file.write_text(text)
    return read_rates(file)


@cache
def engine() -> duckdb.DuckDBPyConnection:
    """One engine for all, each with a session of its own: to open one takes longer than to rate."""
    return duckdb.connect(config={"threads": 1})


@contextmanager
def rating(rates: CreditRates, records: Sequence[Mapping[str, object]]) -> Iterator[Rated]:
    """Make the records readable, with what they cost on the day."""
    with session(engine()) as duck:
        duck.execute(f"CREATE TEMP TABLE usage_records AS {rows_of(USAGE_RECORDS.spec, {})}")
        for number, record in enumerate(records):
            when = {"event_day": DAY, "occurred_at": f"{DAY} 12:00:00"}
            insert(duck, {"tenant_id": "acme", "source": "calls", "record_id": str(number), **when, **record})
        register_rows(duck, CreditCharges().name, CreditCharges().columns, charge_rows(duck, {DAY: rates}))
        for entry in CREDIT_USAGE.inputs:
            if isinstance(entry, ReferenceRows):
                register_reference(entry, duck)
            elif isinstance(entry, Derived):
                duck.execute(f"CREATE TEMP VIEW {entry.name} AS {entry.sql.text}")
        yield Rated(duck)


def credits_of(rates: CreditRates, **record: object) -> Decimal | None:
    """The credits of one record."""
    with rating(rates, [record]) as rated:
        (row,) = rated.rows()
    found = row["credits"]
    assert found is None or isinstance(found, Decimal)
    return found
