"""Tallies that must balance, exactly: every line of a landing file, and every table against the records.

A SELECT each, in `totals/`. What does not belong here: whether rows are plausible (the suites validate that).
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from functools import partial
from typing import Any

from duckdb import DuckDBPyConnection
from sqlalchemy import BigInteger, Connection, Row, cast, func, select

from usage_pipeline.events.landing.scan import without_tenant
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
from usage_pipeline.storage.engine import execute_parsed, parquet_scan, session
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.pruned import PrunedTenants
from usage_pipeline.storage.rows import register_rows
from usage_pipeline.storage.schema import line_tallies, warehouse_table
from usage_pipeline.storage.state import LineTally
from usage_pipeline.storage.tables import TableSpec, Zone, columns
from usage_pipeline.validation.batches import evaluated, register_files
from usage_pipeline.validation.results import Detail, Evaluation, nothing_compared

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
    """All lines of the days' files were counted once, and the lake holds them, also of files that do not count."""
    files = landed_files.files(connection, days)
    with session(storage.engine) as duck:
        register_files(duck, files)
        pruned = PrunedTenants.on(connection, duck, [date.min])
        accepted = _lines(LANDED_EVENTS, storage, [file for file in files if file.accepted_left])
        rejected = _lines(REJECTED_LINES, storage, [file for file in files if file.rejects_left])
        for spec, rows in ((LANDED_EVENTS, pruned.kept(accepted)), (REJECTED_LINES, rejected)):
            duck.execute(f'CREATE TEMP VIEW "{spec.name}" AS SELECT landing_file FROM {rows}')
        apart = {path for (path,) in execute_parsed(duck, LANDED_LINES.text).fetchall()}
    found = _Files()
    for file in files:
        found.add(file.landing_day, file.path, is_apart=file.path in apart)
    return found.of(days)


def lines_are_accounted_for(
    storage: Storage, connection: Connection, days: Sequence[date]
) -> dict[date, Evaluation]:
    """Every landed line of the days became exactly one thing, and the state says the same."""
    with session(storage.engine) as duck:
        read = (LandedRows(LANDED_EVENTS), SameDay(EXCLUDED_EVENTS.spec), SameDay(USAGE_RECORDS.spec))
        inputs.register_all(read, storage, connection, duck, days)
        tallies = _tallies(duck)
    kept = {
        (row.day, row.path): row
        for row in connection.execute(select(line_tallies).where(line_tallies.c.day.in_(days)))
    }
    found = _Files()
    for tally in tallies:
        is_apart = not tally.balanced or _differs(tally, kept.get((tally.day, tally.path)))
        found.add(tally.day, tally.path, is_apart=is_apart)
    return found.of(days)


@dataclass
class _Files:
    """The number of files of each day, and those whose lines do not add up."""

    files: Counter[date] = field(default_factory=Counter)
    apart: defaultdict[date, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, day: date, path: str, *, is_apart: bool) -> None:
        self.files[day] += 1
        if is_apart:
            self.apart[day].append(path)

    def of(self, days: Sequence[date]) -> dict[date, Evaluation]:
        return {day: self._evaluation(self.apart[day], self.files[day]) for day in days}

    @staticmethod
    def _evaluation(apart: Sequence[str], files: int) -> Evaluation:
        expected = "0 files apart"
        if not files:
            return nothing_compared("no files", expected)
        return Evaluation(
            not apart,
            f"{len(apart)} of {files} files apart",
            expected,
            {"files": files, "files_apart": len(apart)},
            [{"file": path} for path in sorted(map(without_tenant, apart))],
        )


def totals(
    storage: Storage, connection: Connection, days_of: Mapping[str, Sequence[date]]
) -> dict[str, dict[date, Evaluation]]:
    """By table, the comparison of its totals on these days with those of the records."""
    days = sorted(set().union(*days_of.values()))
    if not days:
        return {}
    with session(storage.engine) as duck:
        read = partial(_read_records, storage, connection, duck)
        found = evaluated(read, days)
        readable = {day for day in days if found[day].success}
        if readable and len(readable) < len(days):
            read(sorted(readable))
        compare = partial(_compare, storage, connection, duck)
        return {
            name: {day: found[day] for day in asked}
            | evaluated(partial(compare, COMPARISONS[name]), [day for day in asked if day in readable])
            for name, asked in days_of.items()
        }


READABLE = Evaluation(success=True, observed="", expected="")


def _read_records(
    storage: Storage, connection: Connection, duck: DuckDBPyConnection, days: Sequence[date]
) -> dict[date, Evaluation]:
    """Make readable what every comparison reads: the records and their totals."""
    PrunedTenants.of_days(connection, days).register(duck)
    inputs.register_all((*METERED_RECORDS, DIMENSION_ROWS), storage, connection, duck, days)
    execute_parsed(duck, f"CREATE OR REPLACE TEMP TABLE counted_totals AS {COUNTED_TOTALS.text}")
    return dict.fromkeys(days, READABLE)


def _compare(
    storage: Storage, connection: Connection, duck: DuckDBPyConnection, asked: Comparison, days: Sequence[date]
) -> dict[date, Evaluation]:
    read = [*asked.reads]
    if asked.table.spec.zone is Zone.WAREHOUSE:
        _register_totals(asked.table, connection, duck, days)
    else:
        read.append(asked.table.spec)
    inputs.register_all([SameDay(spec) for spec in read], storage, connection, duck, days)
    found = execute_parsed(duck, asked.sql.text)
    names = [column[0] for column in found.description][2:]
    rows = {day: counts for day, *counts in found.fetchall()}
    return {day: _compared(names, *rows.get(day, [0])) for day in days}


def _compared(names: Sequence[str], compared: int, *counts: int) -> Evaluation:
    expected = "0 apart"
    if not compared:
        return nothing_compared("no usage", expected)
    apart: list[Detail] = [
        {"metric": name, "apart": count} for name, count in zip(names, counts, strict=False) if count
    ]
    worst = max(counts)
    return Evaluation(
        not apart, f"{worst:,} of {compared:,} apart", expected, {"compared": compared, "apart": worst}, apart
    )


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


def _lines(spec: TableSpec, storage: Storage, files: Sequence[landed_files.LandedFile]) -> str:
    """Return the relation of the files' lines in the lake; those of which it holds nothing have none."""
    objects = [storage.lake.object(spec, file.landing_day, file.object_name) for file in files]
    there = [path for path in objects if storage.lake.exists(path)]
    return parquet_scan(there) if there else f"({spec.empty_select()})"


def _tallies(duck: DuckDBPyConnection) -> list[LineTally]:
    assert USAGE_RECORDS.tallies is not None  # noqa: S101 - it is the table that accounts for landed lines
    names = ", ".join(field.name for field in fields(LineTally))
    rows = duck.execute(f"SELECT {names} FROM ({USAGE_RECORDS.tallies.text})").fetchall()
    return [LineTally(*row) for row in rows]


def _differs(tally: LineTally, row: Row[Any] | None) -> bool:
    names = ("landed", "records", "duplicates", "conflicts", "voided", "voids")
    return row is None or any(getattr(row, name) != getattr(tally, name) for name in names)
