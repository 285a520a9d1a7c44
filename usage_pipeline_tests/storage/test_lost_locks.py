"""A writer that loses the lock of its days, because its session has ended, undoes nothing of the next writer."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date

import pytest
from duckdb import DuckDBPyConnection
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from usage_pipeline.events.landing.land import land_days
from usage_pipeline.records.tables import EXCLUDED_EVENTS, USAGE_RECORDS
from usage_pipeline.storage import state
from usage_pipeline.storage.compute import compute_days
from usage_pipeline.storage.daily import DailyTable
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.tables import Column
from usage_pipeline_tests.storage.things import DAY, NEXT_DAY
from usage_pipeline_tests.support import Landing, compute_day, land_and_compute, prompt, rows

END_HOLDERS_OF_LOCKS = text(
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory' "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


@dataclass(frozen=True)
class Meanwhile:
    """An input without rows: when it is read, something happens."""

    happens: Callable[[], object]
    name: str = "meanwhile"
    columns: tuple[Column, ...] = ()

    def settle(self, storage: Storage, connection: Connection, days: Collection[date]) -> None:
        """Decide nothing."""

    def digests(self, _: Connection, days: Collection[date]) -> Mapping[date, str]:
        return dict.fromkeys(days, "")

    def register(self, _: Connection, __: DuckDBPyConnection, ___: Collection[date]) -> None:
        self.happens()


def while_it_reads(table: DailyTable, happens: Callable[[], object]) -> DailyTable:
    """The same table; this happens after it has read its inputs."""
    return replace(table, inputs=(*table.inputs, Meanwhile(happens)))


def test_who_has_lost_the_lock_of_a_day_does_not_replace_its_object(storage: Storage, landing: Landing) -> None:
    landing.write("persona", "2026-05-01", [prompt("e1", "2026-05-01T08:00:00Z")])
    land_and_compute(storage, "records")

    def another_computes() -> None:
        with storage.warehouse.connect() as connection:
            connection.execute(END_HOLDERS_OF_LOCKS)
        landing.write("persona", "2026-05-02", [prompt("e2", "2026-05-01T09:00:00Z")])
        land_days(storage, [NEXT_DAY], "another")
        for table in (EXCLUDED_EVENTS, USAGE_RECORDS):
            compute_day(storage, table, DAY, "another")

    with pytest.raises(OperationalError):
        compute_days(storage, while_it_reads(USAGE_RECORDS, another_computes), [DAY], "one")
    assert rows(storage, USAGE_RECORDS.spec, "record_id") == [("e1",), ("e2",)]
    with storage.warehouse.connect() as connection:
        found = state.partitions(connection, USAGE_RECORDS.name)[DAY]
    assert (found.committed, found.run, found.rows) == (True, "another", 2)
