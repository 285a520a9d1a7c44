"""Reads days of a rollup for a question: all of them, or an error that says which are gone."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from duckdb import Error as DuckDBError

from usage_pipeline.errors import PartitionError
from usage_pipeline.storage import state
from usage_pipeline.storage.engine import parquet_scan
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.tables import TableSpec
from usage_pipeline.words import count, is_or_are


def scan(storage: Storage, spec: TableSpec, days: Collection[date]) -> str:
    """A SELECT of these days of a rollup.

    Raises PartitionError where the state knows rows of a day whose object is gone.
    """
    found = objects(storage, spec, days)
    return f"FROM {parquet_scan(found.values())}" if found else spec.empty_select()


def objects(storage: Storage, spec: TableSpec, days: Collection[date]) -> dict[date, Path]:
    """The objects of these days of a table, of days with rows. Raises the same error."""
    with storage.warehouse.connect() as connection:
        known = state.partitions(connection, spec.name, min(days, default=None), max(days, default=None))
    found = {day: storage.lake.object(spec, day) for day in sorted(days) if day in known and known[day].rows}
    gone = [day for day, path in found.items() if not storage.lake.exists(path)]
    if gone:
        raise gone_days(storage, spec, gone)
    return found


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
