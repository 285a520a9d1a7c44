"""Small days are computed together: days cut into batches, each of one day or of few enough rows.

Any cut gives the same partitions. What a statement costs to parse and to plan is paid once per batch, and of a
small day that is nearly the whole cost.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date

from usage_pipeline.storage import landed_days, state
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.tables import TableSpec

BATCH_ROWS = 400_000
"""Rows of a batch, at most: by then planning is a small part of the cost, and memory is still ample."""

BATCH_DAYS = 90
"""Days of a batch, at most. Each is a file that is written at the same time, and DuckDB keeps up to 100 open."""


def batches(storage: Storage, days: Collection[date]) -> Iterator[list[date]]:
    """The days in order, neighbours together as long as they have few enough landed rows."""
    with storage.warehouse.connect() as connection:
        rows = landed_days.rows_by_event_day(connection, days)
    return cut(days, rows)


def batches_of(spec: TableSpec, storage: Storage, days: Collection[date]) -> Iterator[list[date]]:
    """The days in order, neighbours together as long as their partitions of a table have few enough rows."""
    with storage.warehouse.connect() as connection:
        known = state.partitions(connection, spec.name, min(days, default=None), max(days, default=None))
    return cut(days, {day: partition.rows or 0 for day, partition in known.items()})


def cut(days: Iterable[date], rows: Mapping[date, int]) -> Iterator[list[date]]:
    """The days in order, neighbours together as long as they have few enough of these rows."""
    batch: list[date] = []
    total = 0
    for day in sorted(days):
        total += rows.get(day, 0)
        if batch and (total > BATCH_ROWS or len(batch) == BATCH_DAYS):
            yield batch
            batch, total = [], rows.get(day, 0)
        batch.append(day)
    if batch:
        yield batch
