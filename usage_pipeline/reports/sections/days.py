"""Of all tenants together: how the lines of each day were accounted for, what was rejected, and failed checks."""

from collections.abc import Iterator

from usage_pipeline.records.queries import LandingRange, count_faults
from usage_pipeline.reports.batch import Batch, Tables
from usage_pipeline.reports.display import Kind
from usage_pipeline.reports.model import Column, Table, Values
from usage_pipeline.reports.table_spec import TableSpec
from usage_pipeline.series.status import DayReader
from usage_pipeline.storage.daily import ACCOUNTED
from usage_pipeline.validation.results import read_results

DAYS = TableSpec(
    "days",
    "Accounts of the days",
    "Each landed line of a day is a record, or one of the others. Versions count how often its series changed.",
    (
        Column("day", "Day", Kind.DAY),
        Column("status", "Status", Kind.TEXT),
        Column("version", "Version", Kind.COUNT),
        *(
            Column(name, name.replace("_", " ").capitalize(), Kind.COUNT, adds_up=True)
            for name in ("records", "pruned", *ACCOUNTED)
        ),
    ),
)
REJECTED = TableSpec(
    "rejected",
    "Rejected lines",
    "Lines of the landing days of the period that do not count, by reason.",
    (
        Column("reason", "Reason", Kind.TEXT),
        Column("lines", "Lines", Kind.COUNT, adds_up=True),
        Column("files", "Files", Kind.COUNT),
    ),
)
FAILED_CHECKS = TableSpec(
    "failed_checks",
    "Failed checks",
    "What `usage-pipeline checks` prints of these days.",
    (
        Column("day", "Day", Kind.DAY),
        Column("table", "Table", Kind.TEXT),
        Column("check", "Check", Kind.TEXT),
        Column("result", "Result", Kind.TEXT),
        Column("observed", "Observed", Kind.TEXT),
        Column("expected", "Expected", Kind.TEXT),
    ),
    most_lines=100,
)


def days(batch: Batch) -> Tables:
    """Return the accounts, if it is about all tenants: they are not kept by tenant."""
    return {} if batch.tenant_ids or batch.filters else {None: list(_tables(batch))}


def _tables(batch: Batch) -> Iterator[Table]:
    first, last = batch.period.first, batch.period.last
    with batch.storage.warehouse.connect() as connection:
        found = DayReader(batch.storage, connection).read(first, last)
        failed = [result for result in read_results(connection, first, last) if result.failed]
    yield DAYS.summed(tuple(getattr(day, column.name) for column in DAYS.columns) for day in found)
    if rejected := count_faults(batch.storage, LandingRange(first, last, None)):
        yield REJECTED.summed((row["reason"], row["lines"], row["files"]) for row in rejected)
    if failed:
        rows: list[Values] = [
            (result.day, *result.key, str(result.outcome), result.observed, result.expected) for result in failed
        ]
        yield FAILED_CHECKS.table(rows)
