"""Cleaning up after real runs, on real PostgreSQL: the history of assets, checks and runs is what it was."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.instance.ref import InstanceRef
from dagster._core.storage.compute_log_manager import ComputeIOType
from pydantic import SecretStr
from sqlalchemy import text

from usage_pipeline.definitions import build_definitions
from usage_pipeline.errors import FailedDaysError
from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.orchestration.clean_up import Cleaned, clean_up, look
from usage_pipeline.orchestration.dagster_internals import failed_partitions
from usage_pipeline.orchestration.instance import kept_connections, project_dir
from usage_pipeline.orchestration.resources import STORAGE
from usage_pipeline.orchestration.run_history import open_database
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.orchestration.asking import runner_on
from usage_pipeline_tests.orchestration.conftest import open_project
from usage_pipeline_tests.support import Landing, write_counted

DAYS = [date(2026, 5, 1), date(2026, 5, 2)]
ASSETS = ("landing_folder", "landed_events", "excluded_events", "usage_records", "daily_usage")
HOUSEKEEPING = dg.AssetKey("housekeeping")
TRANSITIONAL = {
    *("ENGINE_EVENT", "RESOURCE_INIT_STARTED", "RESOURCE_INIT_SUCCESS", "STEP_OUTPUT"),
    "message 10",
    "message 20",
    "message 30",
}
"""What runs of the pipeline write of what Dagster's documentation deletes, and messages by their level."""

Events = dict[int, tuple[str, str]]
"""By id the run, and the type."""


@dataclass(frozen=True)
class House:
    """What cleaning up has found and left."""

    storage: Storage
    instance: dg.DagsterInstance
    under_way: str
    events: dict[str, Events]
    history: dict[str, dict[str, Any]]
    rows: dict[str, list[Cleaned]]
    outputs: dict[str, set[str]]


@pytest.fixture(scope="module")
def house(
    tmp_path_factory: pytest.TempPathFactory, server: str, new_database: Callable[[], str]
) -> Iterator[House]:
    """Runs of two days, of which one failed, cleaned up after 59 and 61 days; a run is under way all the time.

    The steps: `ran`, `early`, `looked`, `cleaned`, and `again`.
    """
    with (
        open_project(server, new_database(), tmp_path_factory.mktemp("house")) as (opened, instance),
        kept_connections(instance),
    ):
        compute(opened, instance)
        under_way = start_run(instance)
        early, storage = (after(opened, days) for days in (59, 61))
        write_outputs(under_way)
        steps: dict[str, Callable[[], list[Cleaned]]] = {
            "ran": list,
            "early": lambda: clean(early),
            "looked": lambda: look(storage),
            "cleaned": lambda: clean(storage),
            "again": lambda: clean(storage),
        }
        rows, events, history, outputs = {}, {}, {}, {}
        for step, take in steps.items():
            rows[step] = take()
            events[step] = events_of(storage)
            outputs[step] = outputs_of(storage)
            if step not in {"early", "looked"}:  # to ask takes longer than to clean up
                history[step] = history_of(storage, instance)
        yield House(storage, instance, under_way, events, history, rows, outputs)


def clean(storage: Storage) -> list[Cleaned]:
    return clean_up(storage, lambda _: None)


def after(storage: Storage, days: int) -> Storage:
    """The storage when days have passed, with the database that the instance has."""
    url = SecretStr(os.environ["USAGE_DAGSTER_DATABASE_URL"])
    now = datetime.now(UTC) + timedelta(days=days)
    changed = storage.settings.model_copy(update={"now": now, "dagster_database_url": url})
    return replace(storage, settings=changed)


def compute(storage: Storage, instance: dg.DagsterInstance) -> None:
    """Two days landed and computed, the second without success at first; and an observation."""
    for day in DAYS:
        write_counted(Landing(storage.settings.landing), day)
    runner = runner_on(storage, instance)
    runner.land(DAYS)
    folder = storage.lake.folder(LANDED_EVENTS, DAYS[1])
    hidden = folder.rename(folder.with_name(f".{folder.name}"))
    with pytest.raises(FailedDaysError):
        runner.compute(["excluded_events", "usage_records", "daily_usage"], DAYS)
    hidden.rename(folder)
    runner.compute(["excluded_events"], DAYS)
    instance.report_runless_asset_event(dg.AssetObservation("landing_folder", metadata={"files": 2}))


def start_run(instance: dg.DagsterInstance) -> str:
    """The id of a run that has begun, and goes on."""

    @dg.op
    def talk(context: dg.OpExecutionContext) -> None:
        for level in ("debug", "info", "warning", "error"):
            getattr(context.log, level)(level)

    @dg.job
    def talking() -> None:
        talk()

    assert talking.execute_in_process(instance=instance).success
    run_id = talking.execute_in_process(instance=instance).run_id
    with instance.run_storage.connect() as connection:
        connection.execute(text("UPDATE runs SET status = 'STARTED' WHERE run_id = :run"), {"run": run_id})
    return run_id


def write_outputs(under_way: str) -> None:
    """The output of an old run, one that goes on, a recent one and an old tick, where Dagster writes them."""
    with dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(project_dir()))) as instance:
        manager = instance.compute_log_manager
        for key in (
            ["old", "compute_logs", "step"],
            [under_way, "compute_logs", "step"],
            ["repo", "arrivals", "7"],
        ):
            with manager.open_log_stream(key, ComputeIOType.STDERR) as stream:
                stream.write("words")
        with manager.open_log_stream(["new", "compute_logs", "step"], ComputeIOType.STDOUT) as stream:
            stream.write("words")
        recent = Path(manager.get_captured_local_path(["new", "compute_logs", "step"], "out"))
        os.utime(recent, ((datetime.now(UTC) + timedelta(days=2)).timestamp(),) * 2)


def outputs_of(storage: Storage) -> set[str]:
    folder = storage.settings.dagster_dir / "storage"
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def events_of(storage: Storage) -> Events:
    query = text(
        "SELECT id, run_id, coalesce(dagster_event_type, 'message ' || (CAST(event AS json) ->> 'level')) "
        "FROM event_logs"
    )
    with open_database(storage.settings) as database, database.connect() as connection:
        return {number: (run, kind) for number, run, kind in connection.execute(query)}


def history_of(storage: Storage, instance: dg.DagsterInstance) -> dict[str, Any]:
    """What the UI asks about assets, checks, partitions and runs; nothing of it remembered from before."""
    graph = build_definitions(storage.settings).resolve_asset_graph()
    forget = text("UPDATE asset_keys SET cached_status_data = NULL")
    with open_database(storage.settings) as database, database.begin() as connection:
        connection.execute(forget)
    keys = [dg.AssetKey(name) for name in ASSETS]
    return {
        "materializations": {key: instance.fetch_materializations(key, limit=100).records for key in keys},
        "newest": {key: instance.get_latest_materialization_event(key) for key in keys},
        "partitions": {key: instance.get_materialized_partitions(key) for key in keys},
        "observations": {key: instance.fetch_observations(key, limit=100).records for key in keys},
        "planned": {
            (key, str(day)): instance.event_log_storage.get_latest_planned_materialization_info(key, str(day))
            for key in keys
            for day in DAYS
        },
        "failed": {
            key: failed_partitions(instance, key, partitions)
            for key in keys
            if isinstance(partitions := graph.get(key).partitions_def, dg.DailyPartitionsDefinition)
        },
        "checks": {
            key: instance.event_log_storage.get_asset_check_execution_history(key, limit=100)
            for key in graph.asset_check_keys
            if key.asset_key in keys
        },
        "versions": {
            key: instance.get_latest_storage_id_by_partition(key, dg.DagsterEventType.ASSET_MATERIALIZATION)
            for key in keys
        },
        "runs": [record.dagster_run for record in instance.get_run_records()],
        "steps": {
            (run.run_id, step.step_key): (step.status, step.start_time, step.end_time)
            for run in instance.get_runs()
            for step in instance.get_run_step_stats(run.run_id)
        },
    }


def test_events_of_transition_and_messages_of_ended_runs_go_and_no_other_event(house: House) -> None:
    ran, cleaned = house.events["ran"], house.events["cleaned"]
    assert {kind for _, kind in ran.values()} > TRANSITIONAL
    gone = {number: told for number, told in ran.items() if number not in cleaned}
    assert gone == {
        number: (run, kind)
        for number, (run, kind) in ran.items()
        if run != house.under_way and kind in TRANSITIONAL
    }
    assert cleaned.items() <= ran.items()


def test_the_history_of_assets_checks_and_runs_is_what_it_was(house: House) -> None:
    assert house.history["cleaned"] == house.history["ran"]


def test_the_history_has_failed_days_observations_and_evaluations_to_be_kept(house: House) -> None:
    history = house.history["cleaned"]
    assert history["failed"][dg.AssetKey("usage_records")] == set(map(str, DAYS))
    assert history["failed"][dg.AssetKey("excluded_events")] == set()
    assert history["partitions"][dg.AssetKey("excluded_events")] == set(map(str, DAYS))
    assert len(history["observations"][dg.AssetKey("landing_folder")]) == 1
    lines_add_up = dg.AssetCheckKey(dg.AssetKey("landed_events"), "lines_add_up")
    assert [record.status.value for record in history["checks"][lines_add_up]] == ["SUCCEEDED"] * 2
    assert len(history["runs"]) == 5


def test_a_run_under_way_loses_nothing(house: House) -> None:
    of_run = {
        step: [told for told in events.items() if told[1][0] == house.under_way]
        for step, events in house.events.items()
    }
    assert of_run["again"] == of_run["ran"] != []
    assert f"{house.under_way}/compute_logs/step.err" in house.outputs["again"]


def test_outputs_of_old_runs_and_ticks_go(house: House) -> None:
    assert house.outputs["ran"] - house.outputs["cleaned"] == {"old/compute_logs/step.err", "repo/arrivals/7.err"}
    assert "new/compute_logs/step.out" in house.outputs["cleaned"]


def test_what_is_younger_than_the_setting_stays(house: House) -> None:
    assert {row.removed for row in house.rows["early"]} == {0}
    assert (house.events["early"], house.outputs["early"]) == (house.events["ran"], house.outputs["ran"])


def test_a_look_changes_nothing_and_tells_what_will_go(house: House) -> None:
    looked, cleaned = house.rows["looked"], house.rows["cleaned"]
    assert (house.events["looked"], house.outputs["looked"]) == (house.events["ran"], house.outputs["ran"])
    assert [(row.place, row.kind, row.removed, row.removed_bytes) for row in looked] == [
        (row.place, row.kind, row.removed, row.removed_bytes) for row in cleaned
    ]
    assert {row.bytes_after for row in looked} == {None}


def test_what_went_is_counted_by_place(house: House) -> None:
    gone = len(house.events["ran"]) - len(house.events["cleaned"])
    found = {row.place: (row.kind, row.removed) for row in house.rows["cleaned"]}
    assert found == {
        "landing": (None, 0),
        "lake": ("temporary file", 0),
        "rollups": ("temporary file", 0),
        "tmp": ("temporary file", 0),
        "run_output": ("output", 2),
        "warehouse": ("message", 0),
        "dagster_database": ("event", gone),
    }


def test_sizes_are_those_of_the_files(house: House) -> None:
    (output,) = [row for row in house.rows["cleaned"] if row.place == "run_output"]
    assert (output.bytes_before, output.removed_bytes, output.bytes_after) == (20, 10, 10)


def test_a_second_time_nothing_is_left_to_do(house: House) -> None:
    assert {row.removed for row in house.rows["again"]} == {0}
    assert (house.events["again"], house.history["again"]) == (house.events["cleaned"], house.history["cleaned"])


def test_the_room_of_deleted_events_is_free_for_new_ones(house: House) -> None:
    query = text("SELECT last_vacuum IS NOT NULL FROM pg_stat_user_tables WHERE relname = 'event_logs'")
    with open_database(house.storage.settings) as database, database.connect() as connection:
        assert connection.execute(query).scalar_one()


def test_the_asset_tells_numbers_under_the_same_names_each_time(house: House) -> None:
    job = build_definitions(house.storage.settings, {STORAGE: house.storage}).resolve_job_def("clean_up")
    for _ in range(2):
        assert job.execute_in_process(instance=house.instance).success
    records = house.instance.fetch_materializations(HOUSEKEEPING, limit=2).records
    told = [record.asset_materialization.metadata for record in records if record.asset_materialization]
    places = ("landing", "lake", "rollups", "tmp", "run_output", "warehouse", "dagster_database")
    names = {
        *("temporary_files_removed", "messages_removed", "outputs_removed", "events_removed", "removed_bytes"),
        *(f"{place}_bytes_{when}" for place in places for when in ("before", "after")),
    }
    assert [
        {name for name, value in metadata.items() if isinstance(value, dg.IntMetadataValue)} for metadata in told
    ] == [
        names,
        names,
    ]
    assert told[0]["landing_bytes_after"].value == sum(
        path.stat().st_size for path in house.storage.settings.landing.rglob("*") if path.is_file()
    )
