"""Costs by class, what has no price, and the versions of prices and credit rates of the days."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby

from usage_pipeline.costs.book import book_store
from usage_pipeline.credits import rate_store
from usage_pipeline.metrics.answers import Row, coverage, known_days
from usage_pipeline.metrics.queries import CostQuery, UsageQuery
from usage_pipeline.reports.batch import Batch, Tables, TenantId
from usage_pipeline.reports.display import Kind
from usage_pipeline.reports.model import Column, Values
from usage_pipeline.reports.table_spec import TableSpec

_METRICS = ("tokens", "unpriced_tokens", "fees", "unpriced_requests", "unpriced_tool_calls", "amount")

COST_BY_CLASS = TableSpec(
    "cost_by_class",
    "Cost by class",
    "Each token is in one class. What has no price is counted, and is in no amount.",
    (
        Column("class", "Class", Kind.TEXT),
        Column("tokens", "Tokens", Kind.COUNT, adds_up=True),
        Column("unpriced_tokens", "Of them without a price", Kind.COUNT, adds_up=True),
        Column("coverage", "Tokens with a price, %", Kind.DECIMAL),
        Column("fees", "Requests, searches and calls", Kind.COUNT, adds_up=True),
        Column("unpriced_fees", "Of them without a price", Kind.COUNT, adds_up=True),
        Column("cost", "Cost, USD", Kind.MONEY, adds_up=True),
    ),
)

UNPRICED = TableSpec(
    "unpriced",
    "Usage without a price",
    "It is in no amount, so the cost is at least what this report says. The page on costs explains the reasons.",
    (
        Column("model", "Model", Kind.TEXT),
        Column("reason", "Reason", Kind.TEXT),
        Column("tokens", "Tokens", Kind.COUNT, adds_up=True),
        Column("fees", "Requests, searches and calls", Kind.COUNT, adds_up=True),
    ),
    most_lines=25,
)

VERSIONS = TableSpec(
    "price_versions",
    "Prices and credit rates",
    "The versions by which the days are rated. They stay until the days are rated again.",
    (
        Column("what", "What", Kind.TEXT),
        Column("version", "Version", Kind.TEXT),
        Column("first", "First day", Kind.DAY),
        Column("last", "Last day", Kind.DAY),
    ),
)


def costs(batch: Batch) -> Tables:
    """Return the costs by class, and what has no price, largest first; nothing of a subject without usage."""
    by_class = batch.ask(CostQuery, ("class",), _METRICS)
    unpriced = batch.ask(CostQuery, ("model", "unpriced"), _METRICS)
    versions = VERSIONS.table(_versions(batch))
    return {
        subject: [
            COST_BY_CLASS.summed(map(_class_row, rows), {"coverage": _coverage(rows)}),
            *([UNPRICED.summed(missing)] if (missing := _unpriced(unpriced[subject])) else []),
            versions,
        ]
        for subject, rows in by_class.items()
    }


def unrated_operations(batch: Batch) -> Mapping[TenantId, int]:
    """Return how many operations have no rate, and so no credits, of each subject with usage."""
    found = batch.ask(UsageQuery, (), ("unrated_operations",))
    return {subject: rows[0]["unrated_operations"] for subject, rows in found.items()}


def _class_row(row: Row) -> Values:
    return (
        row["class"],
        row["tokens"],
        row["unpriced_tokens"],
        coverage(row["tokens"], row["unpriced_tokens"]),
        row["fees"],
        row["unpriced_requests"] + row["unpriced_tool_calls"],
        row["amount"],
    )


def _coverage(rows: Collection[Row]) -> object:
    return coverage(sum(row["tokens"] for row in rows), sum(row["unpriced_tokens"] for row in rows))


def _unpriced(rows: Sequence[Row]) -> list[Values]:
    found = [(row["model"], row["unpriced"], row["tokens"], row["fees"]) for row in rows if row["unpriced"]]
    return sorted(found, key=lambda row: (-row[2], -row[3], row[0], row[1]))


def _versions(batch: Batch) -> Iterator[Values]:
    days = known_days(batch.statuses)
    with batch.storage.warehouse.connect() as connection:
        pinned = {
            "Price book": book_store.pinned(connection, days),
            "Credit rates": rate_store.pinned(connection, days),
        }
    for what, versions in pinned.items():
        for version, first, last in _runs(versions):
            yield what, version, first, last


def _runs(versions: Mapping[date, str]) -> Iterator[tuple[str, date, date]]:
    """Yield each version with the first and the last of the days in a row that have it."""
    for version, run in groupby(sorted(versions.items()), key=lambda item: item[1]):
        days = [day for day, _ in run]
        yield version, days[0], days[-1]
