"""A writer that fails, or loses the lock of its days because its session has ended, undoes nothing of the next."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date

import pytest
from duckdb import DuckDBPyConnection
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import OperationalError

from usage_pipeline.errors import PartitionError
from usage_pipeline.events.landing.land import land_days
from usage_pipeline.records.tables import EXCLUDED_EVENTS, USAGE_RECORDS
from usage_pipeline.settings import Settings
from usage_pipeline.storage import state
from usage_pipeline.storage.compute import compute_days
from usage_pipeline.storage.daily import DailyTable
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.tables import Column
from usage_pipeline.storage.warehouse import connect_warehouse
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


def known(storage: Storage) -> tuple[str, str, int | None]:
    """State, run and rows of the day."""
    with storage.warehouse.connect() as connection:
        found = state.partitions(connection, USAGE_RECORDS.name)[DAY]
    return found.state, found.run, found.rows


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
    assert known(storage) == ("committed", "another", 2)


def test_who_fails_a_day_does_not_say_so_over_the_next_writer(
    storage: Storage, settings: Settings, landing: Landing
) -> None:
    landing.write("persona", "2026-05-01", [prompt("e1", "2026-05-01T08:00:00Z")])
    land_and_compute(storage, "records")
    turns = iter([lambda: compute_day(storage, USAGE_RECORDS, DAY, "another")])
    warehouse = connect_warehouse(settings)
    event.listen(warehouse, "checkin", lambda *_: next(turns, lambda: None)())  # as soon as the locks are free
    computed = compute_days(
        replace(storage, warehouse=warehouse), while_it_reads(USAGE_RECORDS, fail), [DAY], "one"
    )
    warehouse.dispose()
    assert (list(computed.failures), known(storage)) == ([DAY], ("committed", "another", 1))


def fail() -> None:
    raise PartitionError("an input is not whole")
