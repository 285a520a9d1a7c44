"""Keeps what people and programs read of limits: `limit_status`, `limit_decisions`, and the file of decisions."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from usage_pipeline.limits.applied import Watched, open_limits
from usage_pipeline.limits.decision_rows import Row, decision_rows, write_decisions
from usage_pipeline.limits.read_status import OpenStatus, as_of_instant, measure_open
from usage_pipeline.limits.tables import LIMIT_DECISIONS, LIMIT_STATUS
from usage_pipeline.storage.locks import sole_transaction
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import warehouse_table
from usage_pipeline.storage.tables import TableSpec
from usage_pipeline.storage.warehouse import copy_rows

limit_status = warehouse_table(LIMIT_STATUS)


@dataclass(frozen=True)
class Standing:
    """How many limits there are, counted by tenant and value, and how they stand."""

    limits: int
    over: int
    warned: int
    """Those that have reached a threshold and are not over."""
    incomplete: int


NOBODY: Watched = {}


def refresh_limits(storage: Storage, watched: Watched = NOBODY) -> OpenStatus:
    """Replace both tables and the file of decisions by how limits stand now, and return that.

    In earlier periods it returns what has reached a threshold, and all use of limits that are watched; of watched
    values also that nothing is used any more.
    Raises ReferenceFileError for a broken file, and PartitionError if the rows of a computed day are gone.
    """
    with sole_transaction(storage.warehouse, LIMIT_STATUS.name) as connection:
        as_of = as_of_instant(storage, None)
        limits = open_limits(storage, watched)
        found = measure_open(storage, limits, as_of, watched)
        _replace(connection, LIMIT_STATUS, [tuple(status.row.values()) for status in found.present])
        decisions = decision_rows(storage.settings, connection, limits.present, found.present, as_of)
        _replace(connection, LIMIT_DECISIONS, decisions)
        write_decisions(storage, decisions)
    return found


def _replace(connection: Connection, spec: TableSpec, rows: Sequence[Row]) -> None:
    connection.execute(warehouse_table(spec).delete())
    copy_rows(connection, spec, spec.column_names, rows)


def read_standing(storage: Storage) -> Standing:
    """Count the limits as they stood at the last refresh."""
    columns = limit_status.c
    is_over = columns.used > columns.amount
    query = select(
        func.count(),
        func.count().filter(is_over),
        func.count().filter(columns.threshold.is_not(None), ~is_over),
        func.count().filter(columns.incomplete),
    )
    with storage.warehouse.connect() as connection:
        return Standing(*connection.execute(query).one())
