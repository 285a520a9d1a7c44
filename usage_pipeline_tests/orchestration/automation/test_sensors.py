"""The sensors request each piece of work once, and again only some time after it failed."""

import shutil
import time
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.execution.backfill import PartitionBackfill

from usage_pipeline.definitions import build_definitions
from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.orchestration.automation.requests import REMEMBERED_RUNS
from usage_pipeline.orchestration.automation.under_way import busy_days
from usage_pipeline.orchestration.resources import STORAGE
from usage_pipeline.pipeline.automation.work import Busy
from usage_pipeline.pipeline.refresh import find_stale
from usage_pipeline.pipeline.tables import DAILY_TABLES
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.orchestration.automation.conftest import DAYS, Automation, land
from usage_pipeline_tests.support import Landing, at, lose_counted, prompt, write_counted


def span(request: dg.RunRequest) -> tuple[str | None, str | None]:
    """The first and the last day of a request."""
    tags = Automation.tags(request)
    return (
        tags.get("dagster/asset_partition_range_start", request.partition_key),
        tags.get("dagster/asset_partition_range_end", request.partition_key),
    )


@pytest.fixture
def file(landing: Landing) -> Path:
    return landing.write("persona", "2026-05-01", [prompt("e1", "2026-05-01T08:00:00Z")])


@pytest.mark.usefixtures("file")
def test_a_new_file_is_requested_when_it_was_the_same_at_two_looks(automation: Automation) -> None:
    assert automation.tick("arrivals") == []
    assert automation.skipped == "1 landing day not at rest yet, or under way"
    (request,) = automation.tick("arrivals")
    assert (request.job_name, request.partition_key) == ("arrived_days", "2026-05-01")


@pytest.mark.usefixtures("file")
def test_what_is_under_way_is_not_requested_again(automation: Automation) -> None:
    automation.tick("arrivals")
    (request,) = automation.tick("arrivals")
    automation.create(request)
    assert automation.tick("arrivals") == []
    assert busy_days(automation.instance) == Busy(frozenset({DAYS[0]}), frozenset({DAYS[0]}))


@pytest.mark.usefixtures("file")
def test_what_arrived_is_landed_and_computed_by_one_run_and_then_all_is_done(automation: Automation) -> None:
    automation.tick("arrivals")
    (request,) = automation.tick("arrivals")
    assert automation.execute(request).success
    assert find_stale(automation.storage) == {}
    assert automation.tick("arrivals") == []
    assert automation.skipped == "Nothing new"
    assert automation.tick("affected_days") == []
    assert automation.skipped == "All days are current"


def test_a_file_that_changes_while_its_day_is_under_way_is_requested_again_afterwards(
    automation: Automation, file: Path
) -> None:
    automation.tick("arrivals")
    (first,) = automation.tick("arrivals")
    file.write_text(file.read_text() * 2)
    land(automation.storage, DAYS[0])
    file.write_text(file.read_text() * 2)
    assert automation.tick("arrivals") == []
    (second,) = automation.tick("arrivals")
    assert second.partition_key == first.partition_key
    assert second.run_key != first.run_key


@pytest.mark.filterwarnings("ignore:Function `AssetSelection.sources`:DeprecationWarning")  # of Dagster's own
def test_the_days_of_a_backfill_are_under_way_before_it_has_made_its_runs(automation: Automation) -> None:
    graph = automation.definitions.get_repository_def().asset_graph
    assets = [LANDED_EVENTS.name, "excluded_events"]
    backfill = PartitionBackfill.from_asset_partitions(
        "a backfill",
        graph,
        ["2026-05-01", "2026-05-02"],
        [dg.AssetKey(asset) for asset in assets],
        time.time(),
        {},
        automation.instance,
        all_partitions=False,
        title=None,
        description=None,
        run_config=None,
    )
    automation.instance.add_backfill(backfill)
    assert busy_days(automation.instance) == Busy(frozenset(DAYS[:2]), frozenset(DAYS[:2]))


@pytest.mark.usefixtures("four_days")
def test_a_range_of_days_is_one_run_of_the_stale_tables(automation: Automation) -> None:
    land(automation.storage, *DAYS)
    (request,) = automation.tick("affected_days")
    assert span(request) == ("2026-05-01", "2026-05-04")
    assert {key.to_user_string() for key in request.asset_selection or ()} == {t.name for t in DAILY_TABLES}


@pytest.mark.usefixtures("four_days")
def test_event_days_wait_while_many_landing_days_are_under_way(automation: Automation) -> None:
    land(automation.storage, DAYS[0])
    automation.tick("arrivals")
    (landing_run,) = automation.tick("arrivals")
    queued = automation.create(landing_run)
    assert automation.tick("affected_days") == []
    assert automation.skipped == "3 landing days under way"
    automation.instance.report_run_canceled(queued)
    assert len(automation.tick("affected_days")) == 1


def test_one_day_under_way_is_told_as_one(automation: Automation, landing: Landing) -> None:
    write_counted(landing, DAYS[0])
    land(automation.storage, DAYS[0])
    (request,) = automation.tick("affected_days")
    automation.create(request)
    assert automation.tick("affected_days") == []
    assert automation.skipped == "1 day is under way"


@pytest.mark.usefixtures("four_days")
def test_a_day_that_fails_holds_up_no_other_and_is_tried_again_at_once_only_when_its_inputs_have_changed(
    automation: Automation, landing: Landing
) -> None:
    failing = DAYS[1]
    write_counted(landing, failing)
    land(automation.storage, *DAYS[:3])
    lose_counted(automation.storage)
    while requested := automation.tick("affected_days"):
        for request in requested:
            automation.execute(request)
    assert automation.skipped == "1 run failed and will be tried again later"
    assert find_stale(automation.storage).keys() == {failing}
    write_counted(landing, failing, count=4)
    land(automation.storage, failing)
    (request,) = automation.tick("affected_days")
    assert request.partition_key == str(failing)


@pytest.mark.usefixtures("four_days")
def test_work_that_stays_is_requested_again_however_often_it_was_done(automation: Automation) -> None:
    """Dagster starts a run key once."""
    land(automation.storage, *DAYS)
    keys = []
    for _ in range(REMEMBERED_RUNS + 3):
        (request,) = automation.tick("affected_days")
        keys.append(request.run_key)
        automation.create(request, dg.DagsterRunStatus.SUCCESS)
    assert len(set(keys)) == len(keys)


@pytest.mark.usefixtures("four_days")
def test_an_outage_is_filled_from_its_newest_day_on_a_few_days_each_time(
    automation: Automation,
) -> None:
    spans = []
    while requested := automation.tick("gap_filler"):
        spans.append([(request.job_name, *span(request)) for request in requested])
        for request in requested:
            automation.execute(request)
    assert spans == [
        [("landing_days", "2026-05-03", "2026-05-04")],
        [("landing_days", "2026-05-01", "2026-05-02")],
        [("event_days", "2026-05-03", "2026-05-04")],
        [("event_days", "2026-05-01", "2026-05-02")],
    ]
    assert automation.skipped == "No gaps"
    assert find_stale(automation.storage) == {}


@pytest.mark.usefixtures("four_days")
def test_an_asset_that_was_wiped_in_the_ui_is_made_again_by_the_gap_filler(automation: Automation) -> None:
    for name in ("arrivals", "arrivals", "affected_days"):
        for request in automation.tick(name):
            assert automation.execute(request).success
    assert automation.tick("gap_filler") == []
    automation.instance.wipe_assets([dg.AssetKey("token_series")])
    spans = []
    while requested := automation.tick("gap_filler"):
        for request in requested:
            assert request.asset_selection == [dg.AssetKey("token_series")]
            assert automation.execute(request).success
            spans.append(span(request))
    assert spans == [("2026-05-03", "2026-05-04"), ("2026-05-01", "2026-05-02")]


def test_misplaced_entries_are_named_by_the_sensor_and_evaluated_when_they_change(
    automation: Automation, landing: Landing
) -> None:
    entry = landing.write("unknown", "2026-05-01", [])
    automation.tick("arrivals")
    assert (automation.skipped or "").startswith(
        "Nothing new. Passed over: unknown: no format has this name; known "
    )
    assert automation.evaluated == [("files_are_in_place", False), *[("is_valid", True)] * 10]
    automation.tick("arrivals")
    assert automation.evaluated == []
    shutil.rmtree(entry.parents[1])
    automation.tick("arrivals")
    assert (automation.skipped, automation.evaluated) == ("Nothing new", [("files_are_in_place", True)])


def test_each_sensor_names_the_jobs_that_it_requests(automation: Automation) -> None:
    sensors = automation.definitions.get_repository_def().sensor_defs
    assert {
        sensor.name: {job.name for job in sensor.jobs}
        for sensor in sensors
        if sensor.name not in {"lost_runs", "failed_runs"}
    } == {
        "arrivals": {"landing_days", "arrived_days"},
        "affected_days": {"event_days"},
        "gap_filler": {"landing_days", "event_days"},
        "changed_usage": {"refresh_limits"},
        "limit_alerts": {"deliver_alerts"},
        "reports": {"report_requests", "monthly_reports"},
    }


def test_data_before_the_loaded_calendar_waits_until_it_is_loaded_again(
    automation: Automation, landing: Landing, storage: Storage
) -> None:
    later = build_definitions(storage.settings.model_copy(update={"first_day": DAYS[2]}), {STORAGE: storage})
    landing.write("persona", str(DAYS[0]), [prompt("e1", f"{DAYS[0]}T08:00:00Z")])
    loaded = replace(automation, definitions=later)
    loaded.tick("arrivals")
    assert loaded.tick("arrivals") == []
    assert (loaded.skipped or "").endswith(
        ". Data from 2026-05-01 on waits until the code location is loaded again: it begins on 2026-05-03"
    )


def test_of_consecutive_days_those_in_the_loaded_calendar_wait_for_no_others(
    automation: Automation, landing: Landing, storage: Storage
) -> None:
    later = build_definitions(storage.settings.model_copy(update={"first_day": DAYS[2]}), {STORAGE: storage})
    landing.write("persona", str(DAYS[3]), [prompt(f"on {day}", f"{day}T08:00:00Z") for day in DAYS])
    land(storage, DAYS[3])
    (request,) = replace(automation, definitions=later).tick("affected_days")
    assert span(request) == ("2026-05-03", "2026-05-04")


def test_a_day_that_has_not_come_by_the_clock_of_dagster_fails_no_look(automation: Automation) -> None:
    future = at(automation.storage, datetime(2100, 1, 1, 12, tzinfo=UTC))
    for day in ("2026-05-01", "2100-01-01"):
        Landing(future.settings.landing).write("persona", day, [prompt(f"on {day}", f"{day}T08:00:00Z")])
    land(future, DAYS[0], date(2100, 1, 1))
    ahead = replace(automation, storage=future)
    (request,) = ahead.tick("affected_days")
    assert request.partition_key == "2026-05-01"
    ahead.create(request)
    assert ahead.tick("affected_days") == []
    assert ahead.skipped == "1 day is under way. Data up to 2100-01-01 waits until that day has come"
