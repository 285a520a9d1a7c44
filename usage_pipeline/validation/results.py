"""Results of checks by day and table, and the table that keeps them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from itertools import product

from sqlalchemy import Connection, select, text

from usage_pipeline.storage.schema import warehouse_table
from usage_pipeline.validation.checks import Severity
from usage_pipeline.validation.tables import CHECK_RESULTS

check_results = warehouse_table(CHECK_RESULTS)


class Outcome(StrEnum):
    """The result of a check in one word."""

    PASSED = "passed"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class Evaluation:
    """The result of a check on one day. Its texts hold counts, paths and reasons only."""

    success: bool
    observed: str
    expected: str


@dataclass(frozen=True)
class CheckResult:
    """One row of `check_results`, without the columns of `CheckRun`."""

    table_name: str
    day: date
    check_name: str
    success: bool
    severity: Severity
    observed: str
    expected: str

    @property
    def outcome(self) -> Outcome:
        """Passed, or the severity of the failure."""
        return Outcome.PASSED if self.success else Outcome(self.severity)


@dataclass(frozen=True)
class CheckRun:
    """The kind of checks, the run that evaluated them, and the time."""

    checked_by: str
    run: str
    checked_at: datetime


def keep_results(
    connection: Connection,
    tables: Collection[str],
    days: Collection[date],
    results: Sequence[CheckResult],
    check_run: CheckRun,
) -> None:
    """Replace the results of the same kind of checks on these days of the tables."""
    # Of two runs at once, the second waits for the first to commit. Otherwise both would insert their results.
    days_of_tables = product(sorted(tables), sorted(days))
    keys = [f"{check_results.name}:{table}:{day}:{check_run.checked_by}" for table, day in days_of_tables]
    connection.execute(text(_LOCKS), {"keys": keys})
    kept = check_results.c
    connection.execute(
        check_results.delete().where(
            kept.table_name.in_(tables), kept.day.in_(days), kept.checked_by == check_run.checked_by
        )
    )
    if results:
        connection.execute(check_results.insert(), [{**vars(result), **vars(check_run)} for result in results])


_LOCKS = "SELECT pg_advisory_xact_lock(hashtextextended(key, 0)) FROM unnest(CAST(:keys AS text[])) AS key"


def read_results(connection: Connection, first: date, last: date) -> list[CheckResult]:
    """Return the results of the days from first to last, by day, table and check."""
    names = CheckResult.__dataclass_fields__
    query = (
        select(*(check_results.c[name] for name in names))
        .where(check_results.c.day.between(first, last))
        .order_by(check_results.c.day, check_results.c.table_name, check_results.c.check_name)
    )
    rows = connection.execute(query).mappings()
    return [CheckResult(**{**row, "severity": Severity(row["severity"])}) for row in rows]
