"""Reads days of a rollup for a question: all of them, or an error that says which are gone."""

from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import date
from functools import partial
from pathlib import Path

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
    present = days_with_rows(storage, spec, days)
    if not present:
        return spec.empty_select()
    if storage.kept and spec.zone is Zone.ROLLUPS:
        with suppress(FileNotFoundError):
            if kept := storage.kept.select(storage.engine, spec, present, partial(storage.lake.object, spec)):
                return kept
    return f"FROM {parquet_scan(_found(storage, spec, present).values())}"


def objects(storage: Storage, spec: TableSpec, days: Collection[date]) -> dict[date, Path]:
    """The objects of these days of a table, of days with rows. Raises the same error."""
    return _found(storage, spec, days_with_rows(storage, spec, days))


def days_with_rows(storage: Storage, spec: TableSpec, days: Collection[date]) -> list[date]:
    """Those of the days that have rows in a table, as the state knows, in order."""
    known = storage.recall(state.all_days_with_rows).get(spec.name, frozenset[date]())
    return sorted(known.intersection(days))


def _found(storage: Storage, spec: TableSpec, days: Sequence[date]) -> dict[date, Path]:
    paths = {day: storage.lake.object(spec, day) for day in days}
    gone = [day for day, path in paths.items() if not storage.lake.exists(path)]
    if gone:
        raise gone_days(storage, spec, gone)
    return paths


def gone_days(storage: Storage, spec: TableSpec, days: Sequence[date]) -> PartitionError:
    """The error of days, in order, of which the state knows rows and whose objects are gone."""
    return PartitionError(
        f"{spec.name}: {count(len(days), 'day')} from {days[0]} on {is_or_are(len(days))} gone from "
        f"{storage.settings.data_dir}; an answer without them would be wrong. Run "
        "`usage-pipeline run`: it computes what is missing."
    )
