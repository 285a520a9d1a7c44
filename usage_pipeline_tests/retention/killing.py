"""Kills a process at an operation on a file, and what outlives records, to compare it before and after."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from usage_pipeline.pipeline.tables import DAILY_TABLES
from usage_pipeline.storage import state
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.tables import Term
from usage_pipeline_tests.steps import FILES, Steps


@contextmanager
def kill_at(operation: int) -> Iterator[None]:
    """Let the process end at this operation of those that replace or remove a file, from 0."""
    with Steps(operation).of(*FILES):
        yield


def kept_digests(storage: Storage) -> dict[tuple[str, date], str | None]:
    """The digests of what outlives the records."""
    names = [table.name for table in DAILY_TABLES if table.spec.term is Term.KEPT]
    with storage.warehouse.connect() as connection:
        found = state.partitions_of(connection, names)
    return {(name, day): entry.output_digest for name, days in found.items() for day, entry in days.items()}
