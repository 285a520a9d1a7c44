"""Limits are refreshed once for each change of usage or files, after the runs that go on, or despite long ones."""

from datetime import datetime, timedelta

import pytest

from usage_pipeline.pipeline.automation.due_refresh import Refresh, due_refresh
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.conftest import NOW
from usage_pipeline_tests.limits.reading import limit, write_limits
from usage_pipeline_tests.support import Landing, at, land_and_compute, prompt


def refresh_at(storage: Storage, now: datetime, last: Refresh | None, *, busy: bool = False) -> Refresh | None:
    return due_refresh(at(storage, now), last, lambda: busy)


@pytest.fixture
def first(storage: Storage, landing: Landing) -> Refresh:
    """The first refresh of a limit on usage that has landed."""
    storage.settings.reference.mkdir(parents=True)
    write_limits(storage, limit("tokens_total", 100))
    landing.write("persona", "2026-05-31", [prompt("e1", "2026-05-31T08:00:00Z")])
    land_and_compute(storage, "records")
    found = refresh_at(storage, NOW, None)
    assert found is not None
    assert refresh_at(storage, NOW, found) is None
    return found


def test_a_change_of_usage_is_one_refresh(storage: Storage, landing: Landing, first: Refresh) -> None:
    landing.write("persona", "2026-05-31", [prompt("e1", "2026-05-31T08:00:00Z", tokensIn=101)])
    land_and_compute(storage, "records")
    second = refresh_at(storage, NOW, first)
    assert second is not None
    assert refresh_at(storage, NOW, second) is None


def test_a_change_of_a_file_waits_for_runs_but_not_for_ever(storage: Storage, first: Refresh) -> None:
    write_limits(storage, limit("tokens_total", 2000))
    waits = [refresh_at(storage, NOW + timedelta(minutes=minutes), first, busy=True) for minutes in (0, 4, 5)]
    assert [found is None for found in waits] == [True, True, False]
    assert refresh_at(storage, NOW, first) is not None


def test_a_lock_of_an_editor_is_no_change(storage: Storage, first: Refresh) -> None:
    (storage.settings.reference / ".#limits.yaml").symlink_to("ann@desk.4711:1796000000")
    assert refresh_at(storage, NOW, first) is None


def test_without_limits_nothing_is_refreshed(storage: Storage) -> None:
    assert refresh_at(storage, NOW, None) is None


def test_a_cursor_is_read_as_it_was_written(first: Refresh) -> None:
    assert (Refresh.parse(str(first)), Refresh.parse(None)) == (first, None)
