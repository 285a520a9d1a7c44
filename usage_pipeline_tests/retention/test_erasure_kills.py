"""Wherever an erasure is killed, also with a run in between, doing it again completes it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy.engine import RootTransaction

from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.pipeline.health import check_health
from usage_pipeline.pipeline.refresh import RefreshSummary, find_stale
from usage_pipeline.records.tables import USAGE_RECORDS
from usage_pipeline.storage.opened import Storage
from usage_pipeline.validation.checking import check_days
from usage_pipeline.validation.checks import COSTS_ADD_UP
from usage_pipeline.validation.results import read_failures
from usage_pipeline_tests.conftest import database_url_of
from usage_pipeline_tests.end_to_end.planted import database_texts, other_files, parquet_texts
from usage_pipeline_tests.retention.erased import (
    DAY,
    LIMITS,
    MAY_1,
    AddReference,
    closed,
    erase_acme,
    name_tenants_everywhere,
    sums,
)
from usage_pipeline_tests.retention.killing import kill_at
from usage_pipeline_tests.retention.test_erasure_landing import CALLS, call
from usage_pipeline_tests.steps import KilledError, Steps
from usage_pipeline_tests.support import Landing, rows

Run = Callable[[], RefreshSummary]


def records_of_others(storage: Storage) -> list[tuple[str, str]]:
    return [row for row in rows(storage, USAGE_RECORDS.spec, "tenant_id", "record_id") if row[0] != "acme"]


def holding(storage: Storage, name: str) -> set[str]:
    """The places where a name stands."""
    data_dir = storage.settings.data_dir
    landed = [path for path in storage.settings.landing.rglob("*") if path.is_file()]
    texts = [
        *parquet_texts(data_dir),
        *database_texts(database_url_of(storage.settings)),
        *other_files(data_dir),
        *((str(path), f"{path.relative_to(data_dir)} {path.read_text()}") for path in landed),
    ]
    return {place for place, text in texts if name in text}


def failing_checks(storage: Storage) -> set[str]:
    """Check the days, as a run does, and return the names of the checks that fail."""
    check_days(storage, [COSTS_ADD_UP], [DAY], "test")
    return failures_of(storage)


def failures_of(storage: Storage) -> set[str]:
    with storage.warehouse.connect() as connection:
        return {found.check_name for found in read_failures(connection, [COSTS_ADD_UP.table])}


@pytest.mark.parametrize("step", [5, pytest.param(1, marks=pytest.mark.acceptance)])
def test_an_erasure_that_is_killed_at_a_file_is_completed_by_the_next(mixed: Storage, run: Run, step: int) -> None:
    """Killed at later and later operations on files, with a run after every other."""
    before, others, failed = sums(mixed), records_of_others(mixed), set[str]()
    for operation in range(0, 99, step):
        try:
            with kill_at(operation):
                erase_acme(mixed)
            break
        except KilledError:
            if operation % 2:
                run()
            failed |= failing_checks(mixed)
    else:
        pytest.fail("it is killed for ever")
    assert operation > 2 * step
    assert failed
    assert failures_of(mixed) == set()
    assert (sums(mixed), records_of_others(mixed)) == (before, others)
    assert (find_stale(mixed), holding(mixed, "acme")) == ({}, set())


def test_an_erasure_that_is_not_completed_is_an_error_of_doctor(mixed: Storage) -> None:
    with pytest.raises(KilledError), kill_at(5):
        erase_acme(mixed)
    (found,) = [check.text for check in check_health(mixed.settings) if "The erasure" in check.text]
    assert "of acme, of 2026-06-01, is not completed; give the same command again" in found
    erase_acme(mixed)
    assert [check for check in check_health(mixed.settings) if "The erasure" in check.text] == []


@pytest.mark.parametrize("step", [11, pytest.param(2, marks=pytest.mark.acceptance)])
def test_an_erasure_that_is_killed_at_a_commit_is_completed_by_the_next(
    mixed: Storage, run: Run, add_reference: AddReference, step: int
) -> None:
    add_reference("limits", LIMITS)
    name_tenants_everywhere(mixed)
    before, others, costs = sums(mixed), records_of_others(mixed), closed(mixed)
    for commit in range(0, 300, step):
        try:
            with Steps(commit).of((RootTransaction, "commit")):
                erase_acme(mixed)
            break
        except KilledError:
            if commit % 2:
                run()
    else:
        pytest.fail("it is killed for ever")
    assert commit > 2 * step
    assert (sums(mixed), records_of_others(mixed), closed(mixed)) == (before, others, costs)
    assert (find_stale(mixed), holding(mixed, "acme")) == ({}, {"usage.outbox"})  # a message of globex


def test_a_second_erasure_of_a_file_that_is_killed_before_its_lines_are_blank_changes_no_id(
    storage: Storage, landing: Landing, run: Run, add_format: Callable[[str, str], object]
) -> None:
    """The state knows the content to come by then; on the disk is the one that the first erasure left."""
    add_format("calls", CALLS)
    path = landing.write("calls", MAY_1, [call("acme"), call("globex"), call("initech")])
    run()
    first, before = path.read_bytes(), sums(storage)
    ids = [row for row in rows(storage, USAGE_RECORDS.spec, "tenant_id", "record_id") if row[0] == "initech"]
    erase_acme(storage)
    with pytest.raises(KilledError), killed_before_blanking():
        erase_acme(storage, "globex")
    run()
    assert rows(storage, LANDED_EVENTS, "tenant_id", "record_id")[-1:] == ids
    erase_acme(storage, "globex")
    path.write_bytes(first)
    run()
    assert rows(storage, LANDED_EVENTS, "tenant_id", "record_id") == ids
    assert (sums(storage), find_stale(storage)) == (before, {})


@contextmanager
def killed_before_blanking() -> Iterator[None]:
    """Let the process end before a landing file gets its new content."""
    replace = Path.replace

    def killed(path: Path, target: Path) -> Path:
        if path.name.endswith(".erasing.part"):
            raise KilledError
        return replace(path, target)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "replace", killed)
        yield
