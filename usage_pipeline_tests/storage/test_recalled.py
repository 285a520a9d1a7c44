"""What was read is kept as long as nothing was committed, and never longer."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, text

from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.recalled import Recalled

TIMES = 50
"""Other tests write to the same server; that one of them does so before each of these is not to be expected."""
readings: list[int] = []


def read(connection: Connection) -> int:
    found: int = connection.execute(text("SELECT count(*) FROM things")).scalar_one()
    readings.append(found)
    return found


@pytest.fixture
def things(storage: Storage) -> Iterator[Storage]:
    readings.clear()
    with storage.warehouse.begin() as connection:
        connection.execute(text("CREATE TABLE things (name text)"))
    yield storage
    with storage.warehouse.begin() as connection:
        connection.execute(text("DROP TABLE things"))


def add(connection: Connection) -> None:
    connection.execute(text("INSERT INTO things VALUES ('thing')"))


def test_it_is_read_again_only_after_something_was_committed(things: Storage) -> None:
    recalled = Recalled()
    with things.warehouse.connect() as connection, things.warehouse.connect() as other:
        assert {recalled.read(connection, read) for _ in range(TIMES)} == {0}
        assert len(readings) < TIMES
        add(other)
        assert recalled.read(connection, read) == 0
        other.commit()
        assert recalled.read(connection, read) == 1


def test_one_answer_asks_once_and_later_ones_see_what_was_committed(things: Storage) -> None:
    answer = things.at_once()
    assert answer.recall(read) == 0
    with things.warehouse.begin() as connection:
        add(connection)
    assert [answer.recall(read), things.at_once().recall(read), things.recall(read)] == [0, 1, 1]


def test_a_transaction_sees_what_it_has_written_and_nobody_else_does(things: Storage) -> None:
    recalled = Recalled()
    with things.warehouse.connect() as writing, things.warehouse.connect() as other:
        add(writing)
        assert recalled.read(writing, read) == 1
        assert recalled.read(other, read) == 0
        writing.rollback()
        assert recalled.read(writing, read) == 0
