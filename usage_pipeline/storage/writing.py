"""Writes and measures the rows of partitions: objects of the lake, or rows of the warehouse.

One SELECT makes all days of a batch. Its rows are cut into the days; digests and tallies are read from the written
rows. Locks, state and commits do not belong here, but in `compute.py`.
"""

import shutil
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import fields
from datetime import date
from functools import partial
from pathlib import Path

import psycopg
from duckdb import BinderException, ConversionException, DuckDBPyConnection, OutOfRangeException

from usage_pipeline.clock import in_words
from usage_pipeline.errors import PartitionError, UnstorableError
from usage_pipeline.storage.daily import DailyTable, Derived
from usage_pipeline.storage.digests import NO_ROWS, digests_by
from usage_pipeline.storage.engine import PARQUET, execute_parsed
from usage_pipeline.storage.inputs import Workspace, rows_by_values, rows_of
from usage_pipeline.storage.locks import expect_held
from usage_pipeline.storage.pruned import PrunedTenants, register_outliving
from usage_pipeline.storage.state import LineTally, Written
from usage_pipeline.storage.tables import TableSpec, Zone
from usage_pipeline.storage.warehouse import replace_partitions

_WIDE = 50
"""Columns from which on the days of a table are copied one by one. To write partitions DuckDB joins all columns to
rows and divides these again: of 65 columns that takes longer, of 30 the statement for each day does.
"""


def write_partitions(workspace: Workspace, table: DailyTable, days: Collection[date]) -> dict[date, Written]:
    """Replace the rows of these days by rows made from the table's inputs.

    Raises PartitionError when an input is not whole, or when the rows do not add up; then nothing is published.
    """
    try:
        for entry in table.inputs:
            if not isinstance(entry, Derived):
                workspace.register(entry, days)
        write = _write_rows if table.spec.zone is Zone.WAREHOUSE else _write_objects
        return write(workspace, table, days)
    except BinderException as error:
        raise PartitionError(
            f"{table.name} of {in_words(days)}: what it reads has another schema: {str(error).splitlines()[0]} "
            "Nothing was written. Run `usage-pipeline land` and `usage-pipeline recompute` for the days concerned."
        ) from None
    except (psycopg.DataError, psycopg.errors.ProgramLimitExceeded) as error:
        raise UnstorableError(
            f"{table.name} of {in_words(days)}: the database does not take a value: {str(error).splitlines()[0]}. "
            "Find the file that brought it, and take it back with `withdraw`."
        ) from None
    except (ConversionException, OutOfRangeException):
        # Without the library's text, which quotes a value.
        raise UnstorableError(
            f"{table.name} of {in_words(days)}: a total has more than 18 digits, which no real usage has. "
            "Find the file that brought such counts, and take it back with `withdraw`."
        ) from None


def _select(workspace: Workspace, table: DailyTable, days: Collection[date]) -> str:
    """Return the SELECT of the table's rows; of tenants whose records are pruned, those that it has stay."""
    pruned = PrunedTenants.on(workspace.connection, workspace.duck, days) if table.outlives_records else None
    if pruned is None or not pruned.first_kept:
        return table.select
    outliving = register_outliving(
        table.spec,
        pruned,
        workspace.storage.lake,
        workspace.connection,
        workspace.duck,
        workspace.states[table.name],
        days,
    )
    names = ", ".join(f'"{name}"' for name in table.spec.column_names)
    made = pruned.kept(f"({table.select})", table.spec.day_column)
    return f"SELECT {names} FROM {made} UNION ALL SELECT {names} FROM {outliving}"


def _write_objects(workspace: Workspace, table: DailyTable, days: Collection[date]) -> dict[date, Written]:
    lake, duck = workspace.storage.lake, workspace.duck
    written: dict[date, Written] = {}
    select = _select(workspace, table, days)

    def write(folder: Path) -> dict[Path, Path]:
        made, rows = _make_objects(duck, table, select, days, folder)
        if table.tallies is not None:
            duck.execute(f'CREATE TEMP VIEW "{table.name}" AS {rows_of(table.spec, made)}')
        readable, values = rows_by_values(table.spec, made)
        written.update(_measure(duck, table, days, f"({readable})", values))
        _expect_whole(table, rows, written)
        _expect_balance(table, written)
        return {lake.object(table.spec, day): path for day, path in made.items()}

    lake.replace_all(table.spec, write, partial(expect_held, workspace.connection))
    return written


def _make_objects(
    duck: DuckDBPyConnection, table: DailyTable, select: str, days: Collection[date], folder: Path
) -> tuple[dict[date, Path], int]:
    """One file for each day, also for one without rows, in a folder of its day; and how many rows went there."""
    paths = {day: folder / f"event_day={day}" / "data_0.parquet" for day in sorted(days)}
    columns = ", ".join(f'"{name}"' for name in table.spec.column_names)
    if len(paths) == 1:
        ((_, path),) = paths.items()
        path.parent.mkdir()
        return paths, _copy(duck, f"SELECT {columns} FROM ({select})", path)
    with_day = f'SELECT {columns}, "{table.spec.day_column}" AS event_day FROM ({select})'
    if len(table.spec.columns) >= _WIDE:
        rows = _copy_days(duck, with_day, paths)
    else:
        rows = _copy(duck, with_day, folder, "PARTITION_BY (event_day)")
    _make_empty(duck, table.spec, [path for path in paths.values() if not path.exists()])
    return paths, rows


def _copy_days(duck: DuckDBPyConnection, select: str, paths: Mapping[date, Path]) -> int:
    """Copy the days that have rows."""
    made = execute_parsed(duck, f"CREATE TEMP TABLE all_days AS {select}")
    rows: int = made.fetchall()[0][0]
    found = {day for (day,) in duck.execute("SELECT DISTINCT event_day FROM all_days").fetchall()}
    for day in paths.keys() & found:
        paths[day].parent.mkdir()
        _copy(duck, "SELECT * EXCLUDE (event_day) FROM all_days WHERE event_day = $day", paths[day], day=day)
    duck.execute("DROP TABLE all_days")
    return rows


def _make_empty(duck: DuckDBPyConnection, spec: TableSpec, paths: list[Path]) -> None:
    for path in paths:
        path.parent.mkdir()
    for path in paths[:1]:
        _copy(duck, spec.empty_select(), path)
    for path in paths[1:]:
        shutil.copyfile(paths[0], path)


def _copy(duck: DuckDBPyConnection, select: str, path: Path, *options: str, **values: object) -> int:
    copy = f"COPY ({select}) TO $path ({', '.join([PARQUET, *options])})"
    copied = execute_parsed(duck, copy, {"path": str(path), **values})
    rows: int = copied.fetchall()[0][0]
    return rows


def _write_rows(workspace: Workspace, table: DailyTable, days: Collection[date]) -> dict[date, Written]:
    duck = workspace.duck
    execute_parsed(duck, f'CREATE TEMP TABLE "{table.name}" AS {_select(workspace, table, days)}')
    # As texts, which PostgreSQL reads: to make decimals of Python and write these takes twice as long.
    rows = duck.execute(f'SELECT CAST(COLUMNS(*) AS VARCHAR) FROM "{table.name}"').fetchall()
    replace_partitions(workspace.connection, table.spec, days, rows)
    return _measure(duck, table, days, f'"{table.name}"')


def _measure(
    duck: DuckDBPyConnection,
    table: DailyTable,
    days: Collection[date],
    readable: str,
    values: Mapping[str, object] | None = None,
) -> dict[date, Written]:
    digests = digests_by(duck, readable, table.spec.day_column, table.spec.digested, values)
    tallies = _tallies(duck, table)
    return {
        day: Written(digests.get(day, NO_ROWS), None if tallies is None else tuple(tallies.get(day, ())))
        for day in days
    }


def _tallies(duck: DuckDBPyConnection, table: DailyTable) -> Mapping[date, list[LineTally]] | None:
    if table.tallies is None:
        return None
    names = ", ".join(field.name for field in fields(LineTally))
    found: defaultdict[date, list[LineTally]] = defaultdict(list)
    for row in execute_parsed(duck, f"SELECT {names} FROM ({table.tallies.text})").fetchall():
        tally = LineTally(*row)
        found[tally.day].append(tally)
    return found


def _expect_whole(table: DailyTable, rows: int, written: Mapping[date, Written]) -> None:
    found = sum(made.digest.rows for made in written.values())
    if found != rows:
        raise PartitionError(
            f"{table.name} of {in_words(written)}: {rows:,} rows were made, but {found:,} can be read; nothing "
            "was published. Is the disk at fault? Otherwise this is a fault of the pipeline: please report it."
        )


def _expect_balance(table: DailyTable, written: Mapping[date, Written]) -> None:
    for day, rows in written.items():
        for tally in rows.tallies or ():
            if not tally.balanced:
                raise PartitionError(
                    f"{table.name} of {day}: the accepted lines of {tally.path} do not add up: {tally}. "
                    "This is a fault of the pipeline: please report it."
                )
