"""The state of landing files: what became of each, and what it brought."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection

from usage_pipeline.storage import audit, landed_days, landed_files
from usage_pipeline.storage.landed_days import LandedDay
from usage_pipeline.storage.landed_files import FileState
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.storage.things import DAY, NEXT_DAY
from usage_pipeline_tests.support import landed_file


@pytest.fixture
def connection(storage: Storage) -> Iterator[Connection]:
    with storage.warehouse.connect() as connection:
        yield connection


def test_files_are_in_landing_order(connection: Connection) -> None:
    for path, day in [("b", NEXT_DAY), ("é", DAY), ("a", NEXT_DAY), ("a-b", DAY), ("B", DAY), ("aa", DAY)]:
        landed_files.record_files(connection, [landed_file(f"{day}/{path}", day)])
    found = [file.path.rpartition("/")[2] for file in landed_files.files(connection)]
    assert found == ["B", "a-b", "aa", "é", "a", "b"]


def test_a_file_that_lands_again_replaces_what_it_brought(connection: Connection) -> None:
    landed_files.record_files(connection, [landed_file("f", DAY)])
    landed_days.record_event_days(connection, ["f"], [LandedDay("f", DAY, 3, "3:1")])
    landed_days.record_event_days(connection, ["f"], [LandedDay("f", NEXT_DAY, 2, "2:1")])
    assert landed_days.event_days_of(connection, ["f"]) == [LandedDay("f", NEXT_DAY, 2, "2:1")]
    assert landed_days.event_days(connection) == {NEXT_DAY}


@pytest.mark.parametrize("unusable", [FileState.FAILED, FileState.QUARANTINED, FileState.WITHDRAWN])
def test_a_file_that_cannot_be_used_brings_no_event_day(connection: Connection, unusable: FileState) -> None:
    landed_files.record_files(connection, [landed_file("f", DAY, state=unusable)])
    landed_days.record_event_days(connection, ["f"], [LandedDay("f", DAY, 3, "3:1")])
    assert landed_days.event_days(connection) == set()
    assert landed_days.landed_shares(connection, [DAY]) == []


def test_more_files_are_looked_up_and_forgotten_than_a_statement_takes_parameters(connection: Connection) -> None:
    landed_files.record_files(connection, [landed_file("f", DAY)])
    landed_days.record_event_days(connection, ["f"], [LandedDay("f", DAY, 3, "3:1")])
    paths = [*map(str, range(65_535)), "f"]
    assert landed_days.event_days_of(connection, paths) == [LandedDay("f", DAY, 3, "3:1")]
    assert audit.decisions(connection, paths) == {}
    landed_files.forget(connection, paths)
    assert landed_files.files(connection) == []
