"""A history of Dagster with something of each kind that people ask about, and what it answers."""

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.instance.ref import InstanceRef
from dagster._core.storage.compute_log_manager import ComputeIOType
from sqlalchemy import text

from usage_pipeline.definitions import build_definitions
from usage_pipeline.errors import FailedDaysError
from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.orchestration.dagster_internals import failed_partitions
from usage_pipeline.orchestration.instance import project_dir
from usage_pipeline.orchestration.run_history import open_database
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.orchestration.asking import runner_on
from usage_pipeline_tests.support import Landing, write_counted

DAYS = [date(2026, 5, 1), date(2026, 5, 2)]
ASSETS = ("landing_folder", "landed_events", "excluded_events", "usage_records", "daily_usage")

Events = dict[int, tuple[str, str]]
"""By id the run, and the type."""


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
