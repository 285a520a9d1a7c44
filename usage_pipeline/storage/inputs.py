"""What a daily table reads: for each kind of input, its digest per day and its rows under a name.

The digest of an input changes whenever what the SELECT would read changes. That is all that staleness
knows of inputs.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from duckdb import CatalogException, DuckDBPyConnection
from sqlalchemy import Connection

from usage_pipeline.days import days_between
from usage_pipeline.errors import PartitionError
from usage_pipeline.storage import landed_files, state
from usage_pipeline.storage.codes import WORTH_CODING, with_codes
from usage_pipeline.storage.daily import (
    Derived,
    Input,
    LandedRows,
    Lookback,
    Parameters,
    ReferenceRows,
    SameDay,
)
from usage_pipeline.storage.engine import empty_columns, literal, parquet_scan
from usage_pipeline.storage.fingerprint import fingerprint
from usage_pipeline.storage.landed_files import LandedDay, LandedFile
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.tables import TableSpec

Digests = Mapping[date, str]


def digests(  # noqa: PLR0911 - one for each kind
    entry: Input, storage: Storage, connection: Connection, days: Collection[date]
) -> Digests:
    """The input's digest on each of the days."""
    match entry:
        case LandedRows():
            return _landed_digests(connection, days)
        case SameDay():
            return _window_digests(entry.spec, 0, connection, days)
        case Lookback():
            return _window_digests(entry.spec, storage.settings.lookback_days, connection, days)
        case ReferenceRows():
            return dict.fromkeys(days, fingerprint(entry.rows))
        case Parameters():
            return dict.fromkeys(days, fingerprint([storage.settings.digest_key.get_secret_value()]))
        case Derived():
            return dict.fromkeys(days, "")  # what it reads is among the inputs
        case _:
            return entry.digests(connection, days)


def settle(entry: Input, storage: Storage, connection: Connection, day: date) -> None:
    """Let an input that is decided once per day be decided."""
    if not isinstance(entry, LandedRows | SameDay | Lookback | ReferenceRows | Parameters | Derived):
        entry.settle(storage, connection, day)


def register(entry: Input, storage: Storage, connection: Connection, duck: DuckDBPyConnection, day: date) -> None:
    """Make the input's rows for the day readable under its name.

    Raises PartitionError when rows that should be there are not.
    """
    match entry:
        case LandedRows():
            _register_landed(entry, storage, connection, duck, day)
        case SameDay():
            _register_same_day(entry.spec, storage, connection, duck, day)
        case Lookback():
            _register_lookback(entry.spec, storage, connection, duck, day)
        case ReferenceRows():
            register_reference(entry, duck)
        case Parameters():
            key = literal(storage.settings.digest_key.get_secret_value())
            duck.execute(f"CREATE TEMP VIEW {entry.name} AS SELECT DATE '{day}' AS event_day, {key} AS digest_key")
        case Derived():
            duck.execute(f'CREATE TEMP VIEW "{entry.name}" AS {entry.sql.text}')
        case _:
            entry.register(connection, duck, day)


def register_reference(entry: ReferenceRows, duck: DuckDBPyConnection) -> None:
    """Make a small shipped table readable under its name.

    Its rows are stored once per engine, under a name that says what they are: inserting them takes as long as
    a small computation.
    """
    stored = f"{entry.name}_{fingerprint([*entry.columns, *entry.rows])}"
    view = f'CREATE OR REPLACE TEMP VIEW "{entry.name}" AS FROM main."{stored}"'
    try:
        duck.execute(view)
    except CatalogException:
        _store_reference(entry, duck, stored)
        duck.execute(view)


def _store_reference(entry: ReferenceRows, duck: DuckDBPyConnection, stored: str) -> None:
    columns = ", ".join(f'"{column.name}" {column.type}' for column in entry.columns)
    duck.execute(f'CREATE TABLE main."{stored}" ({columns})')
    if entry.rows:
        row = f"({', '.join('?' for _ in entry.columns)})"
        values = [value for values in entry.rows for value in values]
        duck.execute(f'INSERT INTO main."{stored}" VALUES {", ".join([row] * len(entry.rows))}', values)


def _landed_digests(connection: Connection, days: Collection[date]) -> Digests:
    parts: dict[date, list[Any]] = {day: [] for day in days}
    for event_day, *known in landed_files.landed_digests(connection, days):
        parts[event_day] += known
    return {day: fingerprint(part) for day, part in parts.items()}


def _window_digests(spec: TableSpec, days_before: int, connection: Connection, days: Collection[date]) -> Digests:
    if not days:
        return {}
    window = timedelta(days=days_before)
    known = state.partitions(connection, spec.name, min(days) - window, max(days))
    # A day without rows reads the same as a day that was never computed, so it leaves no trace here:
    # otherwise an empty day that arrives late would make the days after it stale.
    filled = {day: partition.output_digest for day, partition in known.items() if partition.rows}
    return {day: fingerprint(_within(filled, day - window, day)) for day in days}


def _within(filled: Mapping[date, str | None], first: date, last: date) -> list[object]:
    return [part for day in days_between(first, last) if day in filled for part in (day, filled[day])]


def _register_landed(
    entry: LandedRows, storage: Storage, connection: Connection, duck: DuckDBPyConnection, day: date
) -> None:
    spec = entry.spec
    landed = landed_files.landed_days(connection, [day])
    paths = _landed_objects(spec, storage, landed)
    missing = [file.path for (file, _), path in zip(landed, paths, strict=True) if not storage.lake.exists(path)]
    if missing:
        raise PartitionError(
            f"{spec.name}: the landed rows of {', '.join(missing)} are not in the lake, {day} keeps what it has. "
            "Run `usage-pipeline run`: it lands the files again, as long as they are there."
        )
    if not paths:
        duck.execute(f'CREATE TEMP VIEW "{spec.name}" AS {spec.empty_select()}')
        return
    source = f"FROM {parquet_scan(paths)} WHERE event_day = DATE '{day}'"
    rows = sum(share.rows for _, share in landed)
    coded = entry.coded if rows >= WORTH_CODING else ()
    names = with_codes(duck, spec.column_names, coded, source)
    duck.execute(f'CREATE TEMP VIEW "{spec.name}" AS SELECT {names} {source}')
    _expect_rows(spec, duck, day, rows)


def _landed_objects(
    spec: TableSpec, storage: Storage, landed: Iterable[tuple[LandedFile, LandedDay]]
) -> list[Path]:
    return [storage.lake.object(spec, file.landing_day, file.object_name) for file, _ in landed]


def unfilled_columns(
    entry: LandedRows, storage: Storage, connection: Connection, duck: DuckDBPyConnection, day: date
) -> frozenset[str]:
    """Columns that no landed row of the day fills, as far as the statistics of the objects tell."""
    paths = _landed_objects(entry.spec, storage, landed_files.landed_days(connection, [day]))
    return empty_columns(duck, paths) if paths else frozenset()


def _expect_rows(spec: TableSpec, duck: DuckDBPyConnection, day: date, expected: int) -> None:
    found = duck.execute(f'SELECT count(*) FROM "{spec.name}"').fetchall()[0][0]
    if found != expected:
        raise PartitionError(
            f"{spec.name}: {day} has {found:,} rows in the lake where {expected:,} landed; nothing was written. "
            "Run `usage-pipeline land` for the landing days concerned."
        )


def _register_same_day(
    spec: TableSpec, storage: Storage, connection: Connection, duck: DuckDBPyConnection, day: date
) -> None:
    partition = state.partitions(connection, spec.name, day, day).get(day)
    path = storage.lake.object(spec, day)
    # One that another process is just computing again has its last object until the new one takes its place.
    if partition is None or not partition.version or not storage.lake.exists(path):
        raise PartitionError(
            f"{spec.name} of {day} is not computed yet, and this table reads it. "
            "Run `usage-pipeline run`, or materialize it first."
        )
    duck.execute(f'CREATE OR REPLACE TEMP VIEW "{spec.name}" AS FROM {parquet_scan([path])}')


def _register_lookback(
    spec: TableSpec, storage: Storage, connection: Connection, duck: DuckDBPyConnection, day: date
) -> None:
    window = timedelta(days=storage.settings.lookback_days)
    known = state.partitions(connection, spec.name, day - window, day)
    paths = [storage.lake.object(spec, found) for found, partition in sorted(known.items()) if partition.rows]
    missing = [str(path) for path in paths if not storage.lake.exists(path)]
    if missing:
        raise PartitionError(
            f"{spec.name}: {', '.join(missing)} is gone. Run `usage-pipeline run`: it computes what is missing."
        )
    source = f"FROM {parquet_scan(paths)}" if paths else spec.empty_select()
    duck.execute(f'CREATE TEMP VIEW "{spec.name}" AS {source}')
