"""Accounts that must balance, exactly: every line of a landing file, and every table against the records.

A SELECT each, in `accounting/`. What does not belong here: whether rows are plausible (the suites judge that).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from datetime import date
from typing import Any

import pyarrow as pa
from duckdb import DuckDBPyConnection
from sqlalchemy import Connection, func, select

from usage_pipeline.events.catalogue import event_types
from usage_pipeline.events.record import LANDED_EVENTS, REJECTED_LINES
from usage_pipeline.records.tables import SET_ASIDE, USAGE_RECORDS
from usage_pipeline.series.breakdown_tables import DAILY_BREAKDOWN
from usage_pipeline.series.tables import (
    CONVERSATION_SERIES,
    CONVERSATION_STARTS,
    CONVERSATIONS,
    DAILY_USAGE,
    MESSAGE_SERIES,
    TOKEN_SERIES,
    USAGE_QUARTER_HOURS,
)
from usage_pipeline.storage import inputs, landed_files
from usage_pipeline.storage.daily import DailyTable, Input, LandedRows, ReferenceRows, SameDay, SqlFile
from usage_pipeline.storage.engine import parquet_scan, session
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import SCHEMA, line_accounts, metadata
from usage_pipeline.storage.state import LineAccount
from usage_pipeline.storage.tables import Zone
from usage_pipeline.validation.batches import register_day
from usage_pipeline.validation.looking import looked
from usage_pipeline.validation.results import Found

COUNTED_TOTALS = SqlFile.beside(__file__, "accounting/counted_totals")
LANDED_LINES = SqlFile.beside(__file__, "accounting/landed_lines")

COMPARED_TABLES: dict[str, DailyTable] = {
    table.name: table
    for table in (
        DAILY_USAGE,
        USAGE_QUARTER_HOURS,
        CONVERSATIONS,
        TOKEN_SERIES,
        MESSAGE_SERIES,
        CONVERSATION_SERIES,
        DAILY_BREAKDOWN,
    )
}
"""The tables that are compared with the records, each by the SELECT of its name."""

_WITH_STARTS = (CONVERSATION_SERIES, DAILY_BREAKDOWN)
"""Of these the conversations are compared with those that began."""


def difference_of(table: str) -> SqlFile:
    """The SELECT that compares a table with the records."""
    return SqlFile.beside(__file__, f"accounting/{table}")


def lines_add_up(storage: Storage, connection: Connection, day: date) -> Found:
    """Whether all lines of the day's files were counted once, and the lake holds what was counted."""
    files = landed_files.files(connection, [day])
    with session(storage.engine) as duck:
        register_day(LANDED_EVENTS, storage, connection, duck, day)
        _register_rejected(storage, duck, day, files)
        paths = [path for (path,) in duck.execute(LANDED_LINES.text).fetchall()]
    apart = f": {', '.join(paths)}" if paths else ""
    return Found(not paths, f"{len(paths)} of {len(files)} files apart{apart}", "0 files apart")


def lines_are_accounted_for(storage: Storage, connection: Connection, day: date) -> Found:
    """Whether every landed line of the day became exactly one thing, and the state says the same."""
    with session(storage.engine) as duck:
        for entry in (LandedRows(LANDED_EVENTS), SameDay(SET_ASIDE.spec), SameDay(USAGE_RECORDS.spec)):
            inputs.register(entry, storage, connection, duck, [day])
        accounts = _accounts(duck)
    kept = {row.path: row for row in connection.execute(select(line_accounts).where(line_accounts.c.day == day))}
    paths = [account.path for account in accounts if not account.balanced or _differs(account, kept)]
    apart = f": {', '.join(paths)}" if paths else ""
    return Found(not paths, f"{len(paths)} of {len(accounts)} files apart{apart}", "0 files apart")


def totals(storage: Storage, connection: Connection, day: date, tables: Collection[str]) -> dict[str, Found]:
    """By table, whether its totals of the day equal those that the records come to."""
    if not tables:
        return {}
    with session(storage.engine) as duck:
        read = looked(lambda: _read_records(storage, connection, duck, day))
        if not read.success:
            return dict.fromkeys(tables, read)
        return {
            name: looked(lambda name=name: _compare(COMPARED_TABLES[name], storage, connection, duck, day))  # type: ignore[misc]
            for name in tables
        }


def _read_records(storage: Storage, connection: Connection, duck: DuckDBPyConnection, day: date) -> Found:
    """Make readable what every comparison reads: the records, and what they come to."""
    reads: list[Input] = [SameDay(USAGE_RECORDS.spec), event_types(), *_dimensions()]
    for entry in reads:
        inputs.register(entry, storage, connection, duck, [day])
    duck.execute(f"CREATE TEMP TABLE counted_totals AS {COUNTED_TOTALS.text}")
    return Found(success=True, observed="", expected="")


def _compare(
    table: DailyTable, storage: Storage, connection: Connection, duck: DuckDBPyConnection, day: date
) -> Found:
    if table in _WITH_STARTS:
        inputs.register(SameDay(CONVERSATION_STARTS.spec), storage, connection, duck, [day])
    if table.spec.zone is Zone.WAREHOUSE:
        _register_totals(table, connection, duck, day)
    else:
        inputs.register(SameDay(table.spec), storage, connection, duck, [day])
    found = duck.execute(difference_of(table.name).text)
    names = [column[0] for column in found.description]
    compared, *counts = found.fetchall()[0]
    apart = [f"{name} of {count:,}" for name, count in zip(names[1:], counts, strict=True) if count]
    of = f"{compared:,} compared"
    return Found(not apart, f"{of}; apart: {', '.join(apart)}" if apart else f"{of}, 0 apart", "0 apart")


def _register_totals(table: DailyTable, connection: Connection, duck: DuckDBPyConnection, day: date) -> None:
    """Make the sums of a warehouse table readable under its name: by tenant, and by dimension where it has one."""
    columns = metadata.tables[f"{SCHEMA}.{table.name}"].c
    keys = [columns[name] for name in ("tenant_id", "dimension") if name in columns]
    sums = [column for column in columns if not column.primary_key]
    query = select(*keys, *(func.sum(column).label(column.name) for column in sums))
    rows = connection.execute(query.where(columns.day == day).group_by(*keys)).all()
    schema = pa.schema([*((key.name, pa.string()) for key in keys), *((name.name, pa.int64()) for name in sums)])
    duck.register(table.name, pa.Table.from_pylist([_whole(row._asdict()) for row in rows], schema))


def _whole(row: dict[str, object]) -> dict[str, object]:
    """The row with sums as whole numbers: the database gives them as decimals."""
    return {name: value if isinstance(value, str) else int(str(value)) for name, value in row.items()}


def _dimensions() -> list[ReferenceRows]:
    return [entry for entry in DAILY_BREAKDOWN.inputs if isinstance(entry, ReferenceRows)]


def _register_rejected(
    storage: Storage, duck: DuckDBPyConnection, day: date, files: Sequence[landed_files.LandedFile]
) -> None:
    objects = [storage.lake.object(REJECTED_LINES, day, file.object_name) for file in files if file.rejected]
    there = [path for path in objects if storage.lake.exists(path)]
    source = f"SELECT landing_file FROM {parquet_scan(there)}" if there else REJECTED_LINES.empty_select()
    duck.execute(f'CREATE TEMP VIEW "{REJECTED_LINES.name}" AS {source}')


def _accounts(duck: DuckDBPyConnection) -> list[LineAccount]:
    assert USAGE_RECORDS.accounts is not None  # noqa: S101 - it is the table that accounts for landed lines
    names = ", ".join(field.name for field in fields(LineAccount))
    rows = duck.execute(f"SELECT {names} FROM ({USAGE_RECORDS.accounts.text})").fetchall()
    return [LineAccount(*row) for row in rows]


def _differs(account: LineAccount, kept: Mapping[str, Any]) -> bool:
    row = kept.get(account.path)
    names = ("landed", "records", "duplicates", "conflicts", "voided", "voids")
    return row is None or any(getattr(row, name) != getattr(account, name) for name in names)
