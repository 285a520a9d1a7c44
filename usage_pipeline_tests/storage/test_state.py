"""The state of partitions: versions, and what was computed from what."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import duckdb
import pytest
from sqlalchemy import Connection

from usage_pipeline.storage import state
from usage_pipeline.storage.digests import Digest
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.state import Partition
from usage_pipeline_tests.storage.things import DAY

MORNING = datetime(2026, 5, 2, 8, tzinfo=UTC)
EVENING = datetime(2026, 5, 2, 20, tzinfo=UTC)


@pytest.fixture
def connection(storage: Storage) -> Iterator[Connection]:
    with storage.warehouse.connect() as connection:
        yield connection


def write(connection: Connection, hash_sum: int, now: datetime, *, day: date = DAY) -> Partition:
    before = state.partitions(connection, "things")
    state.mark_writing(connection, "things", [day], "run")
    written = state.Written(Digest(1, hash_sum))
    provenance = state.Provenance("inputs", "code", "run", now)
    return state.mark_committed(connection, "things", before, {day: (written, provenance)})[day]


def test_the_first_computation_is_version_1(connection: Connection) -> None:
    assert write(connection, 5, MORNING).version == 1


def test_the_same_rows_again_are_no_new_version(connection: Connection) -> None:
    write(connection, 5, MORNING)
    again = write(connection, 5, EVENING)
    assert (again.version, again.changed_at, again.committed_at) == (1, MORNING, EVENING)


def test_other_rows_are_one_version_more(connection: Connection) -> None:
    write(connection, 5, MORNING)
    changed = write(connection, 6, EVENING)
    assert (changed.version, changed.changed_at) == (2, EVENING)


def test_rows_that_change_back_are_a_new_version_too(connection: Connection) -> None:
    assert [write(connection, hash_sum, MORNING).version for hash_sum in (5, 6, 5)] == [1, 2, 3]


def test_a_commit_tells_what_was_computed_from_what_by_what(connection: Connection) -> None:
    partition = write(connection, 5, MORNING)
    assert partition.inputs_digest == "inputs"
    assert partition.output_digest == "1:5"
    assert (partition.code_version, partition.engine_version) == ("code", f"duckdb {duckdb.__version__}")


def test_what_was_committed_is_what_is_read(connection: Connection) -> None:
    committed = write(connection, 5, MORNING)
    assert state.partitions(connection, "things") == {DAY: committed}


def test_a_partition_that_is_being_written_keeps_its_version_but_is_not_committed(connection: Connection) -> None:
    write(connection, 5, MORNING)
    state.mark_writing(connection, "things", [DAY], "another run")
    partition = state.partitions(connection, "things")[DAY]
    assert (partition.committed, partition.version, partition.output_digest) == (False, 1, "1:5")


def test_a_range_of_partitions_includes_both_ends(connection: Connection) -> None:
    days = [date(2026, 5, day) for day in range(1, 6)]
    for day in days:
        write(connection, 5, MORNING, day=day)
    assert list(state.partitions(connection, "things", days[1], days[3])) == days[1:4]
