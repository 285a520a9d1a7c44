"""Reads days of a rollup for a question: all of them, or an error that says which are gone."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path

from duckdb import Error as DuckDBError

from usage_pipeline.errors import PartitionError
from usage_pipeline.storage import state
from usage_pipeline.storage.engine import parquet_scan
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.tables import TableSpec, Zone
from usage_pipeline.words import count, is_or_are


def scan(storage: Storage, spec: TableSpec, days: Collection[date]) -> str:
    """A SELECT of these days of a rollup.

    Raises PartitionError where the state knows rows of a day whose object is gone.
    """
    paths = _known_paths(storage, spec, days)
    if not paths:
        return spec.empty_select()
    if storage.kept and spec.zone is Zone.ROLLUPS:
        with suppress(FileNotFoundError):
            if kept := storage.kept.select(storage.engine, spec, paths):
                return kept
    _expect_there(storage, spec, paths)
    return f"FROM {parquet_scan(paths.values())}"


def objects(storage: Storage, spec: TableSpec, days: Collection[date]) -> dict[date, Path]:
    """The objects of these days of a table, of days with rows. Raises the same error."""
    paths = _known_paths(storage, spec, days)
    _expect_there(storage, spec, paths)
    return paths


def _known_paths(storage: Storage, spec: TableSpec, days: Collection[date]) -> dict[date, Path]:
    with storage.warehouse.connect() as connection:
        known = storage.recalled.read(connection, state.all_days_with_rows).get(spec.name, frozenset[date]())
    return {day: storage.lake.object(spec, day) for day in sorted(known.intersection(days))}


def _expect_there(storage: Storage, spec: TableSpec, paths: Mapping[date, Path]) -> None:
    gone = [day for day, path in paths.items() if not storage.lake.exists(path)]
    if gone:
        raise gone_days(storage, spec, gone)


def gone_days(storage: Storage, spec: TableSpec, days: Sequence[date]) -> PartitionError:
    """The error of days, in order, of which the state knows rows and whose objects are gone."""
    return PartitionError(
        f"{spec.name}: {count(len(days), 'day')} from {days[0]} on {is_or_are(len(days))} gone from "
        f"{storage.settings.data_dir}; an answer without them would be wrong. Run "
        "`usage-pipeline run`: it computes what is missing."
    )


@contextmanager
def damage_named() -> Iterator[None]:
    """Turn DuckDB's errors on damaged objects into a PartitionError that says what to do."""
    try:
        yield
    except DuckDBError as error:
        raise PartitionError(
            f"An object cannot be read: {str(error).splitlines()[0]} "
            "If it is damaged, `usage-pipeline recompute` writes its day again."
        ) from None
