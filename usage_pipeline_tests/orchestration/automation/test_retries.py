"""A run repeats faults of its surroundings, and never errors of the data."""

import threading
from collections.abc import Callable
from datetime import date, datetime

import dagster as dg
import pytest
from sqlalchemy import text

from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.orchestration.assets import days
from usage_pipeline.pipeline.refresh import PlainRunner
from usage_pipeline.settings import Settings
from usage_pipeline.storage.locks import partition_locks
from usage_pipeline_tests.orchestration.automation.conftest import Automation
from usage_pipeline_tests.support import Landing, prompt

DAY = "2026-05-01"
LAND = dg.RunRequest(job_name="landing_days", partition_key=DAY)
COMPUTE = dg.RunRequest(job_name="event_days", partition_key=DAY, asset_selection=[dg.AssetKey("excluded_events")])

WAITS = text(
    "SELECT waitstart FROM pg_locks WHERE locktype = 'advisory' AND NOT granted "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
"""When those began to wait that wait for a lock."""


@pytest.fixture
def settings(new_settings: Callable[..., Settings]) -> Settings:
    return new_settings(lock_timeout_seconds=1)


@pytest.fixture(autouse=True)
def _file(landing: Landing, monkeypatch: pytest.MonkeyPatch) -> None:
    landing.write("persona", DAY, [prompt("e1", f"{DAY}T08:00:00Z")])
    monkeypatch.setattr(days, "RETRY_SECONDS", 0)


def retries(result: dg.ExecuteInProcessResult) -> int:
    return sum(event.event_type is dg.DagsterEventType.STEP_UP_FOR_RETRY for event in result.all_events)


def test_a_day_that_another_run_holds_is_tried_again_until_it_is_free(
    automation: Automation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(days, "RETRIES", 60)
    held, ended = threading.Event(), threading.Event()

    def hold_until_it_is_waited_for_again() -> None:
        """Dagster is not asked: its database in memory refuses one of two threads."""
        begun: set[datetime | None] = set()
        day = date.fromisoformat(DAY)
        with partition_locks(automation.storage.warehouse, LANDED_EVENTS.name, [day], 1) as connection:
            held.set()
            while len(begun - {None}) < 2 and not ended.wait(0.1):
                begun.update(connection.execute(WAITS).scalars())

    holder = threading.Thread(target=hold_until_it_is_waited_for_again)
    holder.start()
    held.wait()
    result = automation.execute(LAND)
    ended.set()
    holder.join()
    assert result.success
    assert retries(result) >= 1


def test_a_day_whose_rows_are_lost_is_not_tried_again(automation: Automation) -> None:
    PlainRunner(automation.storage).land([date.fromisoformat(DAY)])
    for path in automation.storage.lake.folder(LANDED_EVENTS, date.fromisoformat(DAY)).iterdir():
        path.unlink()
    result = automation.execute(COMPUTE)
    assert not result.success
    assert retries(result) == 0
    assert "the landed rows of persona/2026-05-01/events.jsonl are not in the lake" in str(
        result.failure_data_for_node("excluded_events")
    )
