"""Results of checks by day and table, and the table that keeps them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from itertools import product

from sqlalchemy import ColumnElement, Connection, select, text

from usage_pipeline.storage import state
from usage_pipeline.storage.schema import warehouse_table
from usage_pipeline.validation.checks import Check, Severity
from usage_pipeline.validation.tables import CHECK_RESULTS

check_results = warehouse_table(CHECK_RESULTS)


class Outcome(StrEnum):
    """The result of a check in one word."""

    PASSED = "passed"
    WARNING = "warning"
    ERROR = "error"
    NOT_EVALUATED = "not_evaluated"
    """There was nothing to compare, so it neither passed nor failed."""


Numbers = Mapping[str, int | float]
"""Measured numbers by name, which ends with the unit, such as `files_apart`."""

Detail = Mapping[str, str | int]
"""One fault, as a row of a table: all faults of a check have the same columns."""


@dataclass(frozen=True)
class Evaluation:
    """The result of a check on one day. Its texts hold counts, paths and reasons only: Dagster keeps them."""

    success: bool | None
    """None where there was nothing to compare."""
    observed: str
    expected: str
    numbers: Numbers = field(default_factory=dict)
    details: Sequence[Detail] = ()


def nothing_compared(why: str, expected: str) -> Evaluation:
    """The evaluation of a day on which there was nothing to compare."""
    return Evaluation(success=None, observed=f"nothing to compare: {why}", expected=expected)


NOT_COMPUTED = "the table does not have the day"


def computed_days(connection: Connection, tables: Collection[str], days: Sequence[date]) -> dict[str, list[date]]:
    """By table, those of the days that were committed once."""
    known = state.partitions_of(connection, tables, min(days), max(days))
    return {table: [day for day in days if day in found and found[day].version] for table, found in known.items()}


@dataclass(frozen=True)
class CheckResult:
    """One row of `check_results`, without the columns of `CheckRun`."""

    table_name: str
    day: date
    check_name: str
    success: bool | None
    severity: Severity
    observed: str
    expected: str
    numbers: Numbers = field(default_factory=dict)
    details: Sequence[Detail] = ()

    @property
    def outcome(self) -> Outcome:
        """Passed, not evaluated, or the severity of the failure."""
        if self.success is None:
            return Outcome.NOT_EVALUATED
        return Outcome.PASSED if self.success else Outcome(self.severity)

    @property
    def in_words(self) -> str:
        """The observation with its details, on one line: `1 of 2 files apart: file persona/2026-05-01/a.jsonl`."""
        rows = (", ".join(f"{name} {value}" for name, value in detail.items()) for detail in self.details)
        return ": ".join([self.observed, *filter(None, ["; ".join(rows)])])

    @property
    def key(self) -> tuple[str, str]:
        """The table and the name of its check."""
        return self.table_name, self.check_name

    @property
    def evaluated(self) -> bool:
        """Whether there was something to compare."""
        return self.success is not None

    @property
    def failed(self) -> bool:
        """Whether it compared something and found a fault."""
        return self.success is False


def result_of(check: Check, day: date, found: Evaluation) -> CheckResult:
    """The row of an evaluation."""
    return CheckResult(check.table, day, check.name, severity=check.severity, **vars(found))


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
    return _read(connection, check_results.c.day.between(first, last))


def read_failures(connection: Connection, tables: Collection[str]) -> list[CheckResult]:
    """Return the failed results of all days of these tables, by day, table and check."""
    return _read(connection, check_results.c.table_name.in_(tables) & check_results.c.success.is_(False))


def _read(connection: Connection, condition: ColumnElement[bool]) -> list[CheckResult]:
    columns = check_results.c
    query = (
        select(*(columns[name] for name in CheckResult.__dataclass_fields__))
        .where(condition)
        .order_by(columns.day, columns.table_name, columns.check_name)
    )
    rows = connection.execute(query).mappings()
    return [CheckResult(**{**row, "severity": Severity(row["severity"])}) for row in rows]
