"""Tallies that must balance, exactly: every line of a landing file, and every table against the records.

A SELECT each, in `totals/`. What does not belong here: whether rows are plausible (the suites validate that).
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from functools import partial
from typing import Any

from duckdb import DuckDBPyConnection
from sqlalchemy import BigInteger, Connection, Row, cast, func, select

from usage_pipeline.events.record import LANDED_EVENTS, REJECTED_LINES
from usage_pipeline.records.tables import EXCLUDED_EVENTS, METERED_RECORDS, USAGE_RECORDS
from usage_pipeline.registry import CONVERSATIONS as CONVERSATIONS_METRIC
from usage_pipeline.registry import MESSAGES, RECORD_METRIC_NAMES, TOKENS_TOTAL
from usage_pipeline.series.breakdown_tables import DAILY_BREAKDOWN
from usage_pipeline.series.tables import (
    CONVERSATION_SERIES,
    CONVERSATION_STARTS,
    CONVERSATIONS,
    DAILY_USAGE,
    DIMENSION_ROWS,
    MESSAGE_SERIES,
    TOKEN_SERIES,
    USAGE_QUARTER_HOURS,
)
from usage_pipeline.storage import inputs, landed_files
from usage_pipeline.storage.daily import DailyTable, LandedRows, SameDay, SqlFile
from usage_pipeline.storage.engine import parquet_scan, session
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.rows import register_rows
from usage_pipeline.storage.schema import line_tallies, warehouse_table
from usage_pipeline.storage.state import LineTally
from usage_pipeline.storage.tables import TableSpec, Zone, columns
from usage_pipeline.validation.batches import evaluated, register_days
from usage_pipeline.validation.results import Evaluation

COUNTED_TOTALS = SqlFile.beside(__file__, "totals/counted_totals")
LANDED_LINES = SqlFile.beside(__file__, "totals/landed_lines")


@dataclass(frozen=True)
class Comparison:
    """How a table is compared with the records: the SELECT of the differences, and what it reads besides."""

    table: DailyTable
    sql: SqlFile
    reads: tuple[TableSpec, ...] = ()


def _tenant_totals(
    table: DailyTable, compared: Collection[tuple[str, str]], begun: tuple[TableSpec, ...] = ()
) -> Comparison:
    """Totals per tenant: each column of the table with a metric of the records, or of what began."""
    expected = begun[0].name if begun else "counted_totals"
    names = {"table": table.name, "expected": expected, "compared": tuple(compared)}
    return Comparison(table, SqlFile.beside(__file__, "totals/tenant_totals", **names), begun)


_METRICS = [(name, name) for name in RECORD_METRIC_NAMES]
_BEGUN = (CONVERSATION_STARTS.spec,)

COMPARISONS = {
    comparison.table.name: comparison
    for comparison in (
        _tenant_totals(DAILY_USAGE, _METRICS),
        _tenant_totals(USAGE_QUARTER_HOURS, _METRICS),
        Comparison(CONVERSATIONS, SqlFile.beside(__file__, "totals/conversations")),
        _tenant_totals(TOKEN_SERIES, [("total", TOKENS_TOTAL.name)]),
        _tenant_totals(MESSAGE_SERIES, [("total", MESSAGES.name)]),
        _tenant_totals(CONVERSATION_SERIES, [("total", CONVERSATIONS_METRIC.name)], _BEGUN),
        Comparison(DAILY_BREAKDOWN, SqlFile.beside(__file__, "totals/daily_breakdown"), _BEGUN),
    )
}
"""The tables that are compared with the records, by name."""


def lines_add_up(storage: Storage, connection: Connection, days: Sequence[date]) -> dict[date, Evaluation]:
    """Whether all lines of the days' files were counted once, and the lake holds what was counted."""
    files = landed_files.files(connection, days)
    with session(storage.engine) as duck:
        register_days(LANDED_EVENTS, storage, connection, duck, days)
        _register_rejected(storage, duck, files)
        apart = {path for (path,) in duck.execute(LANDED_LINES.text).fetchall()}
    found = _Apart()
    for file in files:
        found.add(file.landing_day, file.path, is_apart=file.path in apart)
    return found.of(days)


def lines_are_accounted_for(
    storage: Storage, connection: Connection, days: Sequence[date]
) -> dict[date, Evaluation]:
    """Whether every landed line of the days became exactly one thing, and the state says the same."""
    with session(storage.engine) as duck:
        read = (LandedRows(LANDED_EVENTS), SameDay(EXCLUDED_EVENTS.spec), SameDay(USAGE_RECORDS.spec))
        inputs.register_all(read, storage, connection, duck, days)
        tallies = _tallies(duck)
    kept = {
        (row.day, row.path): row
        for row in connection.execute(select(line_tallies).where(line_tallies.c.day.in_(days)))
    }
    found = _Apart()
    for tally in tallies:
        is_apart = not tally.balanced or _differs(tally, kept.get((tally.day, tally.path)))
        found.add(tally.day, tally.path, is_apart=is_apart)
    return found.of(days)


@dataclass
class _Apart:
    """How many files there are of each day, and which of them are apart."""

    files: Counter[date] = field(default_factory=Counter)
    apart: defaultdict[date, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, day: date, path: str, *, is_apart: bool) -> None:
        self.files[day] += 1
        if is_apart:
            self.apart[day].append(path)

    def of(self, days: Sequence[date]) -> dict[date, Evaluation]:
        return {day: self._found(self.apart[day], self.files[day]) for day in days}

    @staticmethod
    def _found(paths: Sequence[str], files: int) -> Evaluation:
        apart = f": {', '.join(paths)}" if paths else ""
        return Evaluation(not paths, f"{len(paths)} of {files} files apart{apart}", "0 files apart")


def totals(
    storage: Storage, connection: Connection, days: Sequence[date], tables: Collection[str]
) -> dict[str, dict[date, Evaluation]]:
    """By table and day, whether its totals equal those of the records."""
    if not tables:
        return {}
    with session(storage.engine) as duck:
        read = partial(_read_records, storage, connection, duck)
        found = evaluated(read, days)
        readable = [day for day in days if found[day].success]
        if len(readable) < len(days) and readable:
            read(readable)
        compare = partial(_compare, storage, connection, duck)
        return {
            name: found | (evaluated(partial(compare, COMPARISONS[name]), readable) if readable else {})
            for name in tables
        }


def _read_records(
    storage: Storage, connection: Connection, duck: DuckDBPyConnection, days: Sequence[date]
) -> dict[date, Evaluation]:
    """Make readable what every comparison reads: the records and their totals."""
    inputs.register_all((*METERED_RECORDS, DIMENSION_ROWS), storage, connection, duck, days)
    duck.execute(f"CREATE OR REPLACE TEMP TABLE counted_totals AS {COUNTED_TOTALS.text}")
    return dict.fromkeys(days, Evaluation(success=True, observed="", expected=""))


def _compare(
    storage: Storage, connection: Connection, duck: DuckDBPyConnection, asked: Comparison, days: Sequence[date]
) -> dict[date, Evaluation]:
    read = [*asked.reads]
    if asked.table.spec.zone is Zone.WAREHOUSE:
        _register_totals(asked.table, connection, duck, days)
    else:
        read.append(asked.table.spec)
    inputs.register_all([SameDay(spec) for spec in read], storage, connection, duck, days)
    found = duck.execute(asked.sql.text)
    names = [column[0] for column in found.description][2:]
    rows = {day: counts for day, *counts in found.fetchall()}
    return {day: _compared(names, *rows.get(day, [0])) for day in days}


def _compared(names: Sequence[str], compared: int, *counts: int) -> Evaluation:
    apart = [f"{name} of {count:,}" for name, count in zip(names, counts, strict=False) if count]
    of = f"{compared:,} compared"
    return Evaluation(not apart, f"{of}; apart: {', '.join(apart)}" if apart else f"{of}, 0 apart", "0 apart")


def _register_totals(
    table: DailyTable, connection: Connection, duck: DuckDBPyConnection, days: Sequence[date]
) -> None:
    """Make the sums of a warehouse table readable: by day, tenant, and dimension where it has one."""
    stored = warehouse_table(table.spec).c
    keys = [stored[name] for name in ("tenant_id", "dimension") if name in stored]
    sums = [column for column in stored if not column.primary_key]
    query = select(stored.day, *keys, *(cast(func.sum(column), BigInteger) for column in sums))
    found = connection.execute(query.where(stored.day.in_(days)).group_by(stored.day, *keys)).all()
    of_keys = [("event_day", "DATE", ""), *((key.name, "VARCHAR", "") for key in keys)]
    of_sums = [(column.name, "BIGINT", "") for column in sums]
    register_rows(duck, table.name, columns(*of_keys, *of_sums), found)


def _register_rejected(
    storage: Storage, duck: DuckDBPyConnection, files: Sequence[landed_files.LandedFile]
) -> None:
    rejecting = [file for file in files if file.rejected]
    objects = [storage.lake.object(REJECTED_LINES, file.landing_day, file.object_name) for file in rejecting]
    there = [path for path in objects if storage.lake.exists(path)]
    source = f"SELECT landing_file FROM {parquet_scan(there)}" if there else REJECTED_LINES.empty_select()
    duck.execute(f'CREATE TEMP VIEW "{REJECTED_LINES.name}" AS {source}')


def _tallies(duck: DuckDBPyConnection) -> list[LineTally]:
    assert USAGE_RECORDS.tallies is not None  # noqa: S101 - it is the table that accounts for landed lines
    names = ", ".join(field.name for field in fields(LineTally))
    rows = duck.execute(f"SELECT {names} FROM ({USAGE_RECORDS.tallies.text})").fetchall()
    return [LineTally(*row) for row in rows]


def _differs(tally: LineTally, row: Row[Any] | None) -> bool:
    names = ("landed", "records", "duplicates", "conflicts", "voided", "voids")
    return row is None or any(getattr(row, name) != getattr(tally, name) for name in names)
