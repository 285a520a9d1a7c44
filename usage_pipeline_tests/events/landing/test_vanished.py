"""Files that change, cannot be read any more, or are gone from the landing folder: what is logged, what counts."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from usage_pipeline.events.landing.recording import note_vanished
from usage_pipeline.pipeline.refresh import PlainRunner, refresh
from usage_pipeline.storage import landed_files
from usage_pipeline.storage.audit import PIPELINE, Action
from usage_pipeline.storage.landed_files import FileState
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.conftest import Prepare
from usage_pipeline_tests.series.reading import tokens
from usage_pipeline_tests.support import Landing, at, files, logged, prompt

Run = Callable[[], object]
PATH = "persona/2026-05-01/events.jsonl"
TIME = "2026-05-01T08:00:00Z"
NOON = datetime(2026, 6, 2, 12, tzinfo=UTC)


@pytest.fixture
def file(landing: Landing, run_to_series: Run, prepare: Prepare) -> Path:
    """A landed file."""
    path = landing.write("persona", "2026-05-01", [prompt("e1", TIME)])
    prepare("file", run_to_series)
    return path


def run_at(storage: Storage, now: datetime) -> None:
    then = at(storage, now)
    refresh(then, PlainRunner(then))


@pytest.mark.usefixtures("file")
def test_a_file_that_lands_as_it_should_is_not_worth_a_line_in_the_log(storage: Storage) -> None:
    assert logged(storage) == []


@pytest.mark.usefixtures("file")
def test_a_changed_file_is_logged_with_both_contents(storage: Storage, landing: Landing) -> None:
    before = files(storage)["events.jsonl"].content_digest
    landing.write("persona", "2026-05-01", [prompt("e1", TIME), prompt("e2", TIME)])
    run_at(storage, NOON)
    after = files(storage)["events.jsonl"].content_digest
    (entry,) = logged(storage, PATH)
    assert (entry.at, entry.by, entry.action, entry.reason) == (
        NOON,
        PIPELINE,
        Action.CHANGED,
        "landed again in place of its former content",
    )
    digests = entry.details["content_digest_before"], entry.details["content_digest"]
    assert (digests, len({before, after})) == ((before, after), 2)


def test_a_file_that_cannot_be_read_any_more_has_failed_and_counts_no_longer(
    storage: Storage, landing: Landing, run_to_series: Run
) -> None:
    path = landing.write("persona", "2026-05-01", [prompt("e1", TIME)], name="a.jsonl.gz")
    run_to_series()
    path.write_bytes(path.read_bytes()[:-1])
    run_to_series()
    run_to_series()
    (entry,) = logged(storage)
    assert (entry.action, entry.subject) == (Action.FAILED, "persona/2026-05-01/a.jsonl.gz")
    assert entry.reason == files(storage)["a.jsonl.gz"].error
    assert tokens(storage, "2026-05-01", "2026-05-01") == [None]  # it is the only file of its day


def test_a_vanished_file_is_logged_once_and_still_counts(storage: Storage, file: Path) -> None:
    file.unlink()
    for hour in (12, 13):
        run_at(storage, NOON.replace(hour=hour))
    found = [(entry.at, entry.by, entry.action, entry.subject, entry.reason) for entry in logged(storage)]
    reason = "gone from the landing folder; what is known of it stays as it is"
    assert found == [(NOON, PIPELINE, Action.VANISHED, PATH, reason)]
    assert files(storage)["events.jsonl"].vanished_at == NOON
    assert tokens(storage, "2026-05-01", "2026-05-01") == [120]


def test_a_file_that_is_back_has_not_vanished(storage: Storage, file: Path) -> None:
    hidden = file.rename(file.with_name("hidden"))
    run_at(storage, NOON)
    hidden.rename(file)
    run_at(storage, NOON)
    assert files(storage)["events.jsonl"].vanished_at is None
    assert [entry.action for entry in logged(storage)] == [Action.VANISHED]


def test_a_file_that_vanishes_a_second_time_is_logged_a_second_time(storage: Storage, file: Path) -> None:
    content = file.read_bytes()
    for _ in range(2):
        file.unlink()
        run_at(storage, NOON)
        file.write_bytes(content)
        run_at(storage, NOON)
    assert [entry.action for entry in logged(storage)] == [Action.VANISHED, Action.VANISHED]


def test_a_file_that_is_withdrawn_while_it_is_noted_as_gone_stays_withdrawn(storage: Storage, file: Path) -> None:
    file.unlink()
    waiting = text("SELECT count(*) FROM pg_locks WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))")
    with ThreadPoolExecutor() as threads, storage.warehouse.begin() as connection:
        withdrawn = replace(files(storage)["events.jsonl"], state=FileState.WITHDRAWN, error="withdrawn by ann")
        landed_files.record_files(connection, [withdrawn])
        noted = threads.submit(note_vanished, storage, [PATH])
        while not connection.execute(waiting).scalar() and not noted.done():
            pass
        connection.commit()
        noted.result()
    assert files(storage)["events.jsonl"] == replace(withdrawn, vanished_at=storage.settings.clock.now)
    assert [entry.action for entry in logged(storage)] == [Action.VANISHED]


def test_a_file_that_is_pruned_while_it_is_looked_for_has_not_vanished(storage: Storage, file: Path) -> None:
    file.unlink()
    pruned = replace(files(storage)["events.jsonl"], pruned_at=NOON)
    with storage.warehouse.begin() as connection:
        landed_files.record_files(connection, [pruned])
    note_vanished(storage, [PATH])
    assert (files(storage)["events.jsonl"], logged(storage)) == (pruned, [])
