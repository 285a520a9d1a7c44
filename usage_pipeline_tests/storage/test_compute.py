"""Which partitions have to be computed, and what a computation that cannot finish leaves behind."""

from collections.abc import Callable
from datetime import date

import pytest

from usage_pipeline.errors import LockTimeoutError, PartitionError
from usage_pipeline.events.landing.land import land_days
from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.records.tables import USAGE_RECORDS
from usage_pipeline.series.tables import DAILY_USAGE, TOKEN_SERIES
from usage_pipeline.settings import Settings
from usage_pipeline.storage import state
from usage_pipeline.storage.compute import compute_days, stale_days
from usage_pipeline.storage.daily import DailyTable
from usage_pipeline.storage.locks import partition_locks
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.conftest import Prepare
from usage_pipeline_tests.storage.things import DAY, NEXT_DAY
from usage_pipeline_tests.support import Landing, compute_day, digests, prompt, rows

Run = Callable[[], object]


@pytest.fixture
def settings(new_settings: Callable[..., Settings]) -> Settings:
    return new_settings(lock_timeout_seconds=1)


@pytest.fixture(autouse=True)
def computed_day(landing: Landing, run: Run, prepare: Prepare) -> date:
    """A day of which everything is computed."""
    landing.write("persona", "2026-05-01", [prompt("e1", "2026-05-01T08:00:00Z")])
    prepare("computed_day", run)
    return DAY


def stale(storage: Storage, table: DailyTable, day: date = DAY) -> bool:
    with storage.warehouse.connect() as connection:
        return stale_days(storage, connection, [table], [day]) == {table.name: {day}}


def test_a_computed_partition_is_current(storage: Storage) -> None:
    assert not stale(storage, USAGE_RECORDS)
    assert not stale(storage, TOKEN_SERIES)


def test_a_partition_that_was_never_computed_is_stale(storage: Storage) -> None:
    assert stale(storage, USAGE_RECORDS, NEXT_DAY)


def test_a_partition_whose_writer_died_is_stale(storage: Storage) -> None:
    with storage.warehouse.begin() as connection:
        state.mark_writing(connection, TOKEN_SERIES.name, [DAY], "a run that was killed")
    assert stale(storage, TOKEN_SERIES)


def test_a_partition_whose_object_is_gone_is_stale(storage: Storage) -> None:
    storage.lake.object(DAILY_USAGE.spec, DAY).unlink()
    assert stale(storage, DAILY_USAGE)


def test_a_partition_is_stale_once_its_input_changed(storage: Storage, landing: Landing) -> None:
    landing.write("persona", "2026-05-02", [prompt("e2", "2026-05-01T09:00:00Z")])
    land_days(storage, [NEXT_DAY], "run")
    assert stale(storage, USAGE_RECORDS)
    assert not stale(storage, DAILY_USAGE)
    compute_day(storage, USAGE_RECORDS, DAY, "run")
    assert not stale(storage, USAGE_RECORDS)
    assert stale(storage, DAILY_USAGE)


def test_an_input_that_is_computed_again_with_the_same_rows_makes_nothing_stale(storage: Storage) -> None:
    storage.lake.object(USAGE_RECORDS.spec, DAY).unlink()
    compute_day(storage, USAGE_RECORDS, DAY, "run")
    assert not stale(storage, DAILY_USAGE)


def test_computing_again_changes_nothing(storage: Storage) -> None:
    before = digests(storage)
    again = compute_day(storage, USAGE_RECORDS, DAY, "again")
    assert (digests(storage), again.version) == (before, 1)


def test_a_writer_that_waited_too_long_leaves_the_partition_as_it_was(storage: Storage) -> None:
    with partition_locks(storage.warehouse, USAGE_RECORDS.name, [DAY], 1), pytest.raises(LockTimeoutError):
        compute_day(storage, USAGE_RECORDS, DAY, "another writer")
    assert rows(storage, USAGE_RECORDS.spec, "record_id") == [("e1",)]
    assert not stale(storage, USAGE_RECORDS)


def test_a_table_whose_input_is_not_computed_says_so(storage: Storage) -> None:
    with pytest.raises(PartitionError) as error:
        compute_day(storage, DAILY_USAGE, NEXT_DAY, "too early")
    assert str(error.value) == (
        "usage_records of 2026-05-02 is not computed yet, and this table reads it. "
        "Run `usage-pipeline run`, or materialize it first."
    )


def test_landed_rows_that_are_gone_from_the_lake_are_named(storage: Storage) -> None:
    for path in storage.lake.folder(LANDED_EVENTS, DAY).iterdir():
        path.unlink()
    with pytest.raises(PartitionError) as error:
        compute_day(storage, USAGE_RECORDS, DAY, "too late")
    assert "persona/2026-05-01/events.jsonl are not in the lake, 2026-05-01 keeps what it has" in str(error.value)
    assert rows(storage, USAGE_RECORDS.spec, "record_id") == [("e1",)]


def test_landed_rows_that_are_gone_from_the_lake_come_back_with_the_next_run(storage: Storage, run: Run) -> None:
    before = digests(storage)
    for path in storage.lake.folder(LANDED_EVENTS, DAY).iterdir():
        path.unlink()
    run()
    assert digests(storage) == before
    assert rows(storage, LANDED_EVENTS, "record_id") == [("e1",)]


def test_a_partition_that_another_process_computes_again_can_be_read(storage: Storage) -> None:
    with storage.warehouse.begin() as connection:
        state.mark_writing(connection, USAGE_RECORDS.name, [DAY], "another process")
    assert compute_day(storage, DAILY_USAGE, DAY, "run").rows == 1


def test_an_object_that_is_damaged_fails_its_day_and_no_other(
    storage: Storage, landing: Landing, run: Run
) -> None:
    landing.write("persona", "2026-05-02", [prompt("e2", "2026-05-02T08:00:00Z")])
    run()
    damaged = storage.lake.object(USAGE_RECORDS.spec, DAY)
    damaged.write_bytes(damaged.read_bytes()[:-20])
    computed = compute_days(storage, DAILY_USAGE, [DAY, NEXT_DAY], "run")
    assert (list(computed.partitions), list(computed.failures)) == ([NEXT_DAY], [DAY])
    assert str(computed.failures[DAY]).endswith("`usage-pipeline recompute` writes its day again.")
    compute_day(storage, USAGE_RECORDS, DAY)
    assert compute_day(storage, DAILY_USAGE, DAY).rows == 1
