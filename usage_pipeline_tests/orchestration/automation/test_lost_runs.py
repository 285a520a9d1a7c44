"""A run whose process is gone is ended; one whose process lives is not."""

import time
from datetime import date

import dagster as dg
import pytest

from usage_pipeline.orchestration.automation import lost_runs
from usage_pipeline.orchestration.automation.under_way import busy_days
from usage_pipeline.storage import state
from usage_pipeline.storage.locks import is_alive, run_lock
from usage_pipeline_tests.orchestration.automation.conftest import Automation
from usage_pipeline_tests.support import Landing, land_and_compute, prompt

REQUEST = dg.RunRequest(job_name="event_days", partition_key="2026-05-01")


@pytest.fixture
def started(automation: Automation, monkeypatch: pytest.MonkeyPatch) -> dg.DagsterRun:
    """A run that has been going on for longer than it may take until it holds its lock."""
    run = automation.create(REQUEST)
    automation.instance.report_dagster_event(
        dg.DagsterEvent(dg.DagsterEventType.RUN_START.value, run.job_name), run.run_id
    )
    later = time.time() + lost_runs.GRACE_SECONDS
    monkeypatch.setattr(time, "time", lambda: later)
    return run


def status(automation: Automation, run: dg.DagsterRun) -> str:
    found = automation.instance.get_run_by_id(run.run_id)
    assert found
    return found.status.value


def test_a_run_without_its_process_at_two_looks_is_ended(automation: Automation, started: dg.DagsterRun) -> None:
    automation.tick("lost_runs")
    assert status(automation, started) == "STARTED"
    automation.tick("lost_runs")
    assert status(automation, started) == "FAILURE"
    assert automation.skipped == "Ended 1 run without a process"


def test_a_run_whose_process_lives_goes_on(automation: Automation, started: dg.DagsterRun) -> None:
    with run_lock(automation.storage.warehouse, started.run_id):
        automation.tick("lost_runs")
        automation.tick("lost_runs")
    assert status(automation, started) == "STARTED"
    assert automation.skipped == "Every run has its process"


def test_a_run_holds_its_lock_while_it_computes_and_no_longer(
    automation: Automation, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = str(REQUEST.partition_key)
    Landing(automation.storage.settings.landing).write("persona", day, [prompt("e1", f"{day}T08:00:00Z")])
    land_and_compute(automation.storage)
    seen = []

    def look(run: str) -> bool:
        with automation.storage.warehouse.connect() as connection:
            return is_alive(connection, run)

    mark = state.mark_writing
    monkeypatch.setattr(state, "mark_writing", lambda *given: (seen.append(look(given[-1])), mark(*given)))
    run = automation.execute(REQUEST._replace(asset_selection=[dg.AssetKey("excluded_events")]))
    assert run.success
    assert set(seen) == {True}
    assert not look(run.run_id)


def test_the_days_of_a_lost_run_stay_under_way_until_dagster_has_made_the_run_that_tries_it_again(
    automation: Automation, started: dg.DagsterRun
) -> None:
    automation.tick("lost_runs")
    automation.tick("lost_runs")
    automation.instance.add_run_tags(started.run_id, {"dagster/will_retry": "true"})
    assert busy_days(automation.instance).events == {date(2026, 5, 1)}
    automation.instance.add_run_tags(started.run_id, {"dagster/auto_retry_run_id": "the next run"})
    assert busy_days(automation.instance).events == set()
