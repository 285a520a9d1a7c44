"""The inputs of daily tables: for each kind, its digest per day, and its rows of the days under a name.

The digest of an input changes whenever the rows that the SELECT reads change. Staleness depends on nothing else.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from threading import Lock

from duckdb import CatalogException, DuckDBPyConnection
from sqlalchemy import Connection

from usage_pipeline.clock import days_between
from usage_pipeline.errors import PartitionError
from usage_pipeline.storage import state
from usage_pipeline.storage.daily import (
    Derived,
    EventDays,
    Input,
    LandedRows,
    Lookback,
    NearbyRows,
    OwnInput,
    Parameters,
    ReferenceRows,
    SameDay,
    UniqueFiles,
)
from usage_pipeline.storage.digests import fingerprint
from usage_pipeline.storage.engine import execute_parsed, literal, parquet_scan, parquet_scan_of, scanned
from usage_pipeline.storage.lake import DAY_OF_OBJECT
from usage_pipeline.storage.landed_rows import day_list, landed_digests, register_landed
from usage_pipeline.storage.nearby_rows import nearby_digests, register_nearby, register_unique_files
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.tables import TableSpec

Digests = Mapping[date, str]
States = Mapping[str, Mapping[date, state.Partition]]
"""By table and day, the partitions that are known."""


def digests(  # noqa: PLR0911 - one for each kind
    entry: Input, storage: Storage, connection: Connection, states: States, days: Collection[date]
) -> Digests:
    """The input's digest on each of the days; `states` has the partitions of the days and of the look-back.

    An input without a digest of a day leaves no trace on it.
    """
    match entry:
        case LandedRows():
            return landed_digests(connection, days)
        case NearbyRows():
            return nearby_digests(connection, days)
        case UniqueFiles():
            return {}  # covered by the digest of the rows nearby, without which it changes nothing
        case SameDay():
            return _window_digests(states[entry.name], 0, days)
        case Lookback():
            return _window_digests(states[entry.name], storage.settings.lookback_days, days)
        case ReferenceRows():
            return dict.fromkeys(days, fingerprint(entry.rows))
        case Parameters():
            return dict.fromkeys(days, fingerprint([storage.settings.digest_key.get_secret_value()]))
        case EventDays() | Derived():
            return dict.fromkeys(days, "")  # a day is the same day for ever; what is derived, from other inputs
        case _:
            return entry.digests(connection, days)


def known_states(
    storage: Storage,
    connection: Connection,
    entries: Collection[Input],
    days: Collection[date],
    tables: Collection[str] = (),
) -> States:
    """The known partitions of these tables and of the inputs, on the days and in their look-backs."""
    names = {entry.name for entry in entries if isinstance(entry, SameDay | Lookback)}.union(tables)
    if not days:
        return {name: {} for name in names}
    looks_back = any(isinstance(entry, Lookback) for entry in entries)
    window = timedelta(days=storage.settings.lookback_days if looks_back else 0)
    return state.partitions_of(connection, names, min(days) - window, max(days))


def settle(entry: Input, storage: Storage, connection: Connection, days: Collection[date]) -> None:
    """Let an input that is decided once per day be decided."""
    if not isinstance(entry, OwnInput):
        entry.settle(storage, connection, days)


@dataclass(frozen=True)
class Workspace:
    """A session in DuckDB that reads inputs, and what is known of their partitions."""

    storage: Storage
    connection: Connection
    duck: DuckDBPyConnection
    states: States

    def register(self, entry: Input, days: Collection[date]) -> None:
        """Make the input's rows of these days readable under its name, each with its day as `event_day`.

        Raises PartitionError when rows that should be there are not.
        """
        match entry:
            case LandedRows():
                register_landed(entry.spec, self.storage, self.connection, self.duck, days)
            case UniqueFiles():
                register_unique_files(entry, self.connection, self.duck, days)
            case NearbyRows():
                register_nearby(entry, self.storage, self.connection, self.duck, days)
            case SameDay():
                self._register_same_day(entry.spec, days)
            case Lookback():
                self._register_lookback(entry.spec)
            case ReferenceRows():
                register_reference(entry, self.duck)
            case EventDays():
                self.duck.execute(f"CREATE TEMP VIEW {entry.name} AS SELECT unnest({day_list(days)}) AS event_day")
            case Parameters():
                settings = self.storage.settings
                key = literal(settings.digest_key.get_secret_value())
                select = f"SELECT {key} AS digest_key, {settings.lookback_days} AS lookback_days"
                self.duck.execute(f"CREATE TEMP VIEW {entry.name} AS {select}")
            case Derived():
                register_derived([entry], self.duck)
            case _:
                entry.register(self.connection, self.duck, days)

    def _register_same_day(self, spec: TableSpec, days: Collection[date]) -> None:
        known = self.states[spec.name]
        paths = {day: self.storage.lake.object(spec, day) for day in sorted(days)}
        for day, path in paths.items():
            # One that another process is computing again has its last object until the new one takes its place.
            if day not in known or not known[day].version or not self.storage.lake.exists(path):
                raise PartitionError(
                    f"{spec.name} of {day} is not computed yet, and this table reads it. "
                    "Run `usage-pipeline run`, or materialize it first."
                )
        self.duck.execute(f'CREATE OR REPLACE TEMP VIEW "{spec.name}" AS {rows_of(spec, paths)}')

    def _register_lookback(self, spec: TableSpec) -> None:
        known = self.states[spec.name]
        paths = {
            day: self.storage.lake.object(spec, day) for day, partition in sorted(known.items()) if partition.rows
        }
        missing = [str(path) for path in paths.values() if not self.storage.lake.exists(path)]
        if missing:
            raise PartitionError(
                f"{spec.name}: {', '.join(missing)} is gone. "
                "Run `usage-pipeline run`: it computes what is missing."
            )
        self.duck.execute(f'CREATE TEMP VIEW "{spec.name}" AS {rows_of(spec, paths)}')


def register_all(
    entries: Collection[Input],
    storage: Storage,
    connection: Connection,
    duck: DuckDBPyConnection,
    days: Collection[date],
) -> None:
    """Make the rows of these inputs readable in the session. Raises PartitionError as `register` does."""
    workspace = Workspace(storage, connection, duck, known_states(storage, connection, entries, days))
    for entry in entries:
        workspace.register(entry, days)


def register_derived(entries: Iterable[Input], duck: DuckDBPyConnection) -> None:
    """Make the SELECTs among the inputs readable under their names; what they read must be readable already."""
    for entry in entries:
        if isinstance(entry, Derived):
            execute_parsed(duck, f'CREATE OR REPLACE TEMP VIEW "{entry.name}" AS {entry.sql.text}')


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
        with _STORING:
            _store_reference(entry, duck, stored)
        duck.execute(view)


_STORING = Lock()
"""Of two threads that read a table for the first time, one stores it."""


def _store_reference(entry: ReferenceRows, duck: DuckDBPyConnection, stored: str) -> None:
    columns = ", ".join(f'"{column.name}" {column.type}' for column in entry.columns)
    duck.begin()  # so that no other thread finds it without its rows
    duck.execute(f'CREATE TABLE IF NOT EXISTS main."{stored}" ({columns})')
    is_new = duck.execute(f'SELECT count(*) = 0 FROM main."{stored}"').fetchone() == (True,)
    if is_new and entry.rows:
        row = f"({', '.join('?' for _ in entry.columns)})"
        values = [value for values in entry.rows for value in values]
        duck.execute(f'INSERT INTO main."{stored}" VALUES {", ".join([row] * len(entry.rows))}', values)
    duck.commit()


def _window_digests(known: Mapping[date, state.Partition], days_before: int, days: Collection[date]) -> Digests:
    window = timedelta(days=days_before)
    # A day without rows reads the same as a day that was never computed, so it leaves no trace here:
    # otherwise an empty day that arrives late would make the days after it stale.
    filled = {day: partition.output_digest for day, partition in known.items() if partition.rows}
    return {day: fingerprint(_within(filled, day - window, day)) for day in days}


def _within(filled: Mapping[date, str | None], first: date, last: date) -> list[object]:
    return [part for day in days_between(first, last) if day in filled for part in (day, filled[day])]


def rows_of(spec: TableSpec, paths: Mapping[date, Path]) -> str:
    """The SELECT of these partitions: the table's columns, and `event_day`, which the object's folder names."""
    if not paths:
        none = spec.empty_select()
        return none if "event_day" in spec.column_names else _rows(spec, f"({none})", "CAST(NULL AS DATE)")
    if len(paths) == 1:  # a constant, which costs nothing to group by
        ((day, path),) = paths.items()
        return _rows(spec, parquet_scan([path]), f"DATE '{day}'")
    return _rows(spec, parquet_scan(paths.values(), "filename = true"), DAY_OF_OBJECT)


def rows_by_values(spec: TableSpec, paths: Mapping[date, Path]) -> tuple[str, dict[str, object]]:
    """The same SELECT of some partitions, with days and paths as values: it is parsed once for all days."""
    values: dict[str, object] = {"files": scanned(paths.values())}
    if len(paths) == 1:
        return _rows(spec, parquet_scan_of("files"), "$day"), {"day": min(paths), **values}
    return _rows(spec, parquet_scan_of("files", "filename = true"), DAY_OF_OBJECT), values


def _rows(spec: TableSpec, source: str, event_day: str) -> str:
    names = ", ".join(f'"{name}"' for name in spec.column_names)
    return f"SELECT {names}, {event_day} AS event_day FROM {source}"
