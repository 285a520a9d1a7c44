"""Findings of a day's costs: sums that must be equal, tokens without a price, reported costs that are far off.

Tenants are counted, not named: Dagster keeps the texts. The commands `costs` and `cost-drift` name them.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from duckdb import DuckDBPyConnection
from sqlalchemy import Connection, func, select

from usage_pipeline.costs.book.price_book import Unpriced
from usage_pipeline.costs.tables import COST_DRIFT, DAILY_COSTS, TENANT_COSTS, TOKEN_CLASSES
from usage_pipeline.metrics.answers import coverage
from usage_pipeline.series.tables import DAILY_USAGE, DIMENSION_ROWS
from usage_pipeline.storage import inputs
from usage_pipeline.storage.daily import SameDay, SqlFile
from usage_pipeline.storage.engine import execute_parsed, session
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.rows import register_rows
from usage_pipeline.storage.schema import warehouse_table
from usage_pipeline.storage.tables import columns
from usage_pipeline.validation.results import Detail, Evaluation, nothing_compared

cost_drift = warehouse_table(COST_DRIFT.spec)
tenant_costs = warehouse_table(TENANT_COSTS.spec)

COST_SUMS = SqlFile.beside(__file__, "totals/tenant_costs")
PRICED_TOKENS = SqlFile.beside(__file__, "totals/priced_tokens")

_TOKENS = "tokens"


@dataclass(frozen=True)
class CostSum:
    """A sum that is compared: tokens, or the amount by a dimension. Both sums are of the tenants that differ."""

    compared: str
    tenants: int
    apart: int
    expected: Decimal | None
    found: Decimal | None

    @property
    def detail(self) -> Detail:
        """The row of a table; an amount without a price is unknown."""
        name = _TOKENS if self.compared == _TOKENS else f"USD by {self.compared}"
        sums = {"found": _text(self.found), "expected": _text(self.expected)}
        return {"sum": name, "tenants": self.apart, **sums}


def _text(amount: Decimal | None) -> str:
    return "unknown" if amount is None else f"{amount.normalize():f}"


def costs_add_up(storage: Storage, connection: Connection, days: Sequence[date]) -> dict[date, Evaluation]:
    """Every token of usage is in one class of costs, and each dimension adds up to the tenant's total."""
    tables = (SameDay(DAILY_USAGE.spec), SameDay(DAILY_COSTS.spec))
    sums: defaultdict[date, list[CostSum]] = defaultdict(list)
    with session(storage.engine) as duck:
        inputs.register_all((*tables, TOKEN_CLASSES, DIMENSION_ROWS), storage, connection, duck, days)
        _register_amounts(connection, duck, days)
        for day, *values in execute_parsed(duck, COST_SUMS.text).fetchall():
            sums[day].append(CostSum(*values))
    return {day: _add_up(sums[day]) for day in days}


def _register_amounts(connection: Connection, duck: DuckDBPyConnection, days: Sequence[date]) -> None:
    """Make the amounts of `tenant_costs` readable, by day, tenant and dimension."""
    stored = tenant_costs.c
    keys = (stored.day, stored.tenant_id, stored.dimension)
    query = select(*keys, func.sum(stored.amount)).where(stored.day.in_(days)).group_by(*keys)
    of_sums = columns(
        ("event_day", "DATE", "Event day, UTC."),
        ("tenant_id", "VARCHAR", "Tenant."),
        ("dimension", "VARCHAR", "Dimension."),
        ("amount", "DECIMAL(38,12)", "Sum over its values.", "USD"),
    )
    register_rows(duck, TENANT_COSTS.name, of_sums, connection.execute(query).all())


def _add_up(sums: Sequence[CostSum]) -> Evaluation:
    expected = "0 sums differ"
    if not sums:
        return nothing_compared("no costs", expected)
    apart = [entry for entry in sums if entry.apart]
    compared = sum(entry.tenants for entry in sums)
    differing = sum(entry.apart for entry in apart)
    return Evaluation(
        not apart,
        f"{differing:,} of {compared:,} sums differ",
        expected,
        {"sums": compared, "sums_differing": differing},
        [entry.detail for entry in apart],
    )


def tokens_are_priced(storage: Storage, connection: Connection, days: Sequence[date]) -> dict[date, Evaluation]:
    """Tokens without a price: their cost is unknown, not zero."""
    rows: defaultdict[date, list[tuple[Any, ...]]] = defaultdict(list)
    with session(storage.engine) as duck:
        inputs.register_all((SameDay(DAILY_COSTS.spec), TOKEN_CLASSES), storage, connection, duck, days)
        for day, *values in execute_parsed(duck, PRICED_TOKENS.text).fetchall():
            rows[day].append(tuple(values))
    return {day: _priced(rows[day], storage.settings.unpriced_share_alarm) for day in days}


def _priced(rows: Sequence[tuple[Any, ...]], alarm: Decimal) -> Evaluation:
    """Fails if models that are used have no price. No price can be added for tokens without a split.

    Those fail only if they are most of the tokens: then the format misses a field.
    """
    tokens, unpriced = (sum(row[index] for row in rows) for index in (2, 3))
    unsplit = sum(row[3] for row in rows if row[1] == Unpriced.NO_SPLIT)
    percent = coverage(tokens, unpriced)
    expected = f"at most {alarm:.0%} of the tokens lack a price, and at most half a split into input and output"
    if percent is None:
        return nothing_compared("no tokens", expected)
    return Evaluation(
        unpriced - unsplit <= tokens * alarm and unsplit * 2 <= tokens,
        f"{unpriced:,} of {tokens:,} tokens have no price, {unsplit:,} of them because they are not split",
        expected,
        {
            "tokens": tokens,
            "tokens_without_price": unpriced,
            "tokens_without_split": unsplit,
            "coverage_percent": float(percent),
        },
        list(_unpriced(rows)),
    )


def _unpriced(rows: Sequence[tuple[Any, ...]]) -> Iterator[Detail]:
    for model, reason, _, unpriced in rows:
        if unpriced:
            yield {"model": model, "reason": reason, "tokens": unpriced}


def reported_costs_are_plausible(
    _: Storage, connection: Connection, days: Sequence[date]
) -> dict[date, Evaluation]:
    """Records whose source reports more than ten times what they cost by the price book."""
    table = cost_drift.c
    sums = select(table.day, func.sum(table.compared_records), func.sum(table.outliers))
    rows = connection.execute(sums.where(table.day.in_(days)).group_by(table.day))
    found = {day: (int(compared), int(outliers)) for day, compared, outliers in rows}
    return {day: _plausible(*found.get(day, (0, 0))) for day in days}


def _plausible(compared: int, outliers: int) -> Evaluation:
    expected = "0 records report more than ten times their cost"
    if not compared:
        return nothing_compared("no record reports a cost that can be compared", expected)
    observed = f"{outliers:,} of {compared:,} records report more than ten times their cost"
    return Evaluation(
        not outliers, observed, expected, {"records_compared": compared, "records_far_off": outliers}
    )
