"""The state of landing files: what became of each, and what it brought."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Connection

from usage_pipeline.storage import audit, landed_days, landed_files
from usage_pipeline.storage.landed_days import LandedDay
from usage_pipeline.storage.landed_files import FileState, LandedFile
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.storage.things import DAY, NEXT_DAY

MORNING = datetime(2026, 5, 2, 8, tzinfo=UTC)


@pytest.fixture
def connection(storage: Storage) -> Iterator[Connection]:
    with storage.warehouse.connect() as connection:
        yield connection


def landed_file(path: str, landing_day: date = DAY, file_state: FileState = FileState.LANDED) -> LandedFile:
    counts = dict.fromkeys(
        ("lines", "header", "continuation", "blank", "skipped", "superseded", "accepted", "rejected"), 0
    )
    return LandedFile(
        path=path,
        source="persona",
        landing_day=landing_day,
        size=1,
        mtime_ns=1,
        content_digest=None,
        identity_digest=None,
        object_name=None,
        format_digest="format",
        state=file_state,
        error=None,
        **counts,
        landed_at=MORNING,
        run="run",
    )


def test_files_are_in_landing_order(connection: Connection) -> None:
    for path, day in [("b", NEXT_DAY), ("é", DAY), ("a", NEXT_DAY), ("a-b", DAY), ("B", DAY), ("aa", DAY)]:
        landed_files.record_files(connection, [landed_file(f"{day}/{path}", day)])
    found = [file.path.rpartition("/")[2] for file in landed_files.files(connection)]
    assert found == ["B", "a-b", "aa", "é", "a", "b"]


def test_a_file_that_lands_again_replaces_what_it_brought(connection: Connection) -> None:
    landed_files.record_files(connection, [landed_file("f")])
    landed_days.record_event_days(connection, ["f"], [LandedDay("f", DAY, 3, "3:1")])
    landed_days.record_event_days(connection, ["f"], [LandedDay("f", NEXT_DAY, 2, "2:1")])
    assert landed_days.event_days_of(connection, ["f"]) == [LandedDay("f", NEXT_DAY, 2, "2:1")]
    assert landed_days.event_days(connection) == {NEXT_DAY}


@pytest.mark.parametrize("unusable", [FileState.FAILED, FileState.QUARANTINED, FileState.WITHDRAWN])
def test_a_file_that_cannot_be_used_brings_no_event_day(connection: Connection, unusable: FileState) -> None:
    landed_files.record_files(connection, [landed_file("f", file_state=unusable)])
    landed_days.record_event_days(connection, ["f"], [LandedDay("f", DAY, 3, "3:1")])
    assert landed_days.event_days(connection) == set()
    assert landed_days.landed_shares(connection, [DAY]) == []


def test_more_files_are_looked_up_and_forgotten_than_a_statement_takes_parameters(connection: Connection) -> None:
    landed_files.record_files(connection, [landed_file("f")])
    landed_days.record_event_days(connection, ["f"], [LandedDay("f", DAY, 3, "3:1")])
    paths = [*map(str, range(65_535)), "f"]
    assert landed_days.event_days_of(connection, paths) == [LandedDay("f", DAY, 3, "3:1")]
    assert audit.decisions(connection, paths) == {}
    landed_files.forget(connection, paths)
    assert landed_files.files(connection) == []
