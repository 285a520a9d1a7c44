"""What killed writers left goes after a day, and nothing that a writer may still use."""

import os
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from usage_pipeline.delivery.message import Message
from usage_pipeline.delivery.outbox import enqueue, outbox
from usage_pipeline.delivery.tables import OutboxState
from usage_pipeline.keys.keys import NewKey, Scope, api_keys, create_key, list_keys
from usage_pipeline.retention.housekeeping import Leftovers, Tally, old_rows, temporaries
from usage_pipeline.settings import Settings
from usage_pipeline.storage.locks import partition_locks
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.conftest import NOW, OpenOn
from usage_pipeline_tests.storage.things import DAY, THINGS

DEAD, ALIVE = NOW - timedelta(days=1, seconds=1), NOW - timedelta(hours=23)


def put(path: Path, changed: datetime = DEAD) -> Path:
    """A file of four bytes that was changed last at this time, as was its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("half")
    for found in (path, path.parent):
        os.utime(found, (changed.timestamp(), changed.timestamp()))
    return path


def count(storage: Storage) -> dict[str, Tally]:
    counted = {one.place: one.count() for one in temporaries(storage)}
    return {place: tally for place, tally in counted.items() if tally.number}


def remove(storage: Storage) -> dict[str, Tally]:
    removed = {one.place: sum(one.remove(), Tally()) for one in temporaries(storage)}
    return {place: tally for place, tally in removed.items() if tally.number}


def object_under_way(storage: Storage) -> Path:
    """Where a writer of one object writes it."""
    seen: list[Path] = []
    storage.lake.replace(storage.lake.object(THINGS, DAY), lambda path: [path.touch(), seen.append(path)][0])
    return seen[0]


def object_of_batch_under_way(storage: Storage) -> Path:
    """Where a writer of a batch of days writes one of them."""
    seen: list[Path] = []

    def write(folder: Path) -> dict[Path, Path]:
        seen.append(folder)
        return {}

    storage.lake.replace_all(THINGS, write)
    return seen[0] / "event_day=2026-05-01.parquet"


@pytest.mark.parametrize("path_of", [object_under_way, object_of_batch_under_way])
def test_what_a_writer_of_the_lake_left_when_it_was_killed_goes_after_a_day(
    storage: Storage, path_of: Callable[[Storage], Path]
) -> None:
    path = path_of(storage)
    put(path, ALIVE)
    assert remove(storage) == {}
    put(path)
    assert (count(storage), path.exists()) == ({"lake": Tally(1, 4)}, True)
    assert (remove(storage), path.exists()) == ({"lake": Tally(1, 4)}, False)
    assert remove(storage) == {}


def test_a_folder_in_which_one_file_still_changes_stays(storage: Storage) -> None:
    path = object_of_batch_under_way(storage)
    put(path)
    put(path.parent / "later" / "data_0.parquet", ALIVE)
    os.utime(path.parent, (DEAD.timestamp(), DEAD.timestamp()))
    assert remove(storage) == {}


@pytest.fixture
def in_two_days(new_settings: Callable[..., Settings], open_on: OpenOn) -> Iterator[Storage]:
    """A storage for which two days have passed without a change, as for a laptop that was closed meanwhile."""
    with open_on(new_settings(now=datetime.now(UTC) + timedelta(days=2))) as storage:
        yield storage


@pytest.mark.parametrize("path_of", [object_under_way, object_of_batch_under_way])
def test_what_was_not_changed_for_days_stays_while_its_writer_holds_its_lock(
    in_two_days: Storage, path_of: Callable[[Storage], Path]
) -> None:
    path = path_of(in_two_days)
    with partition_locks(in_two_days.warehouse, THINGS.name, [DAY], timeout_seconds=1):
        put(path, datetime.now(UTC))
        assert remove(in_two_days) == {}
    assert remove(in_two_days) == {"lake": Tally(1, 4)}


def test_what_was_left_before_a_writer_came_goes_while_that_one_writes(in_two_days: Storage) -> None:
    put(object_under_way(in_two_days), datetime.now(UTC) - timedelta(days=1))
    with partition_locks(in_two_days.warehouse, THINGS.name, [DAY], timeout_seconds=1):
        assert remove(in_two_days) == {"lake": Tally(1, 4)}


def test_spilled_rows_and_logs_of_a_demo_go_too(storage: Storage) -> None:
    tmp = storage.settings.data_dir / "tmp"
    put(tmp / "duckdb" / "duckdb_temp_1_0_storage_DEFAULT-0.tmp")
    put(tmp / "demo-x1" / "truth.json")
    assert remove(storage) == {"tmp": Tally(2, 8)}
    assert [path.name for path in tmp.iterdir()] == ["duckdb"]


def test_everything_else_stays_however_old(storage: Storage) -> None:
    data = storage.settings.data_dir
    kept = {
        put(storage.lake.object(THINGS, DAY)),
        put(storage.settings.landing / "persona" / str(DAY) / ".acme.jsonl.part"),
        put(storage.settings.landing / "persona" / str(DAY) / "acme.jsonl.tmp"),
        put(data / "rollups" / "daily_usage" / f"event_day={DAY}" / "daily_usage.parquet"),
        put(data / "lake" / "notes.part"),
        put(data / "tmp" / "mine"),
        put(data / "reference" / ".tenants.yaml.part"),
    }
    assert remove(storage) == {}
    assert all(path.exists() for path in kept)


def removed(leftovers: Iterable[Leftovers]) -> dict[str, int]:
    """Remove them, and return how many there were of each kind."""
    found = {}
    for one in leftovers:
        counted = one.count()
        assert (sum(one.remove(), Tally()), one.count()) == (counted, Tally())
        found[one.kind] = counted.number
    return found


def test_keys_go_90_days_after_they_expired_or_were_revoked(storage: Storage) -> None:
    gone, recent = NOW - timedelta(days=90, seconds=1), NOW - timedelta(days=90)
    ends = {"a": (gone, None), "b": (None, gone), "c": (gone, NOW), "d": (recent, None), "e": (None, None)}
    with storage.warehouse.begin() as connection:
        for name, (expires_at, revoked_at) in ends.items():
            create_key(
                connection,
                NewKey(name, None, frozenset({Scope.PLATFORM}), "ann", expires_at),
                gone - timedelta(days=1),
            )
            connection.execute(api_keys.update().where(api_keys.c.name == name).values(revoked_at=revoked_at))
    assert removed(old_rows(storage)) == {"message": 0, "key": 3}
    with storage.warehouse.connect() as connection:
        assert {key.name for key in list_keys(connection)} == {"d", "e"}


def test_messages_go_after_30_days_unless_they_are_still_to_be_sent(storage: Storage) -> None:
    old, recent = NOW - timedelta(days=30, seconds=1), NOW - timedelta(days=30)
    written = {f"{state}-{when.day}": (state, when) for state in OutboxState for when in (old, recent)}
    with storage.warehouse.begin() as connection:
        enqueue(connection, [Message(key, ("ops",), "s", "t", when) for key, (_, when) in written.items()])
        for key, (state, _) in written.items():
            connection.execute(outbox.update().where(outbox.c.key == key).values(state=state))
    assert removed(old_rows(storage)) == {"message": 2, "key": 0}
    with storage.warehouse.connect() as connection:
        kept = connection.execute(select(outbox.c.key)).scalars().all()
    assert sorted(kept) == ["dead-2", "delivered-2", "pending-1", "pending-2"]
