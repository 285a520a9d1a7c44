"""Ends runs whose process is gone, after a power cut or a kill of everything.

Dagster would believe that they go on: they would keep their place in the queue, and their days would count as
under way. A run holds a lock in the database while its process lives. One that has been started for a while
and was without its lock at two looks is reported as failed; Dagster then tries it again.
"""

import json
import time
from typing import TYPE_CHECKING

import dagster as dg

from usage_pipeline.orchestration.resources import StorageParam
from usage_pipeline.words import count

if TYPE_CHECKING:
    from usage_pipeline.storage.opened import Storage

GRACE_SECONDS = 30
"""How long a run may take from its start until it holds its lock."""


def lost_runs_sensor(interval: int) -> dg.SensorDefinition:
    """The sensor that ends lost runs; it requests none."""

    @dg.sensor(
        name="lost_runs",
        description="Ends runs whose process is gone, so that they are tried again and hold up nothing.",
        minimum_interval_seconds=interval,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def lost_runs(context: dg.SensorEvaluationContext, storage: StorageParam) -> dg.SensorResult:
        suspected = set(json.loads(context.cursor or "[]"))
        silent = _silent_runs(context.instance, storage)
        lost = [run for run in silent if run.run_id in suspected]
        for run in lost:
            context.instance.report_run_failed(run, "The process of this run is gone.")
        reason = f"Ended {count(len(lost), 'run')} without a process" if lost else "Every run has its process"
        return dg.SensorResult(skip_reason=reason, cursor=json.dumps([run.run_id for run in silent]))

    return lost_runs


def _silent_runs(instance: dg.DagsterInstance, storage: "Storage") -> list[dg.DagsterRun]:
    """Runs that have been started for a while and whose lock nobody holds."""
    from usage_pipeline.storage.locks import is_alive  # noqa: PLC0415 - slow to import

    started = instance.get_run_records(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))
    with storage.warehouse.connect() as connection:
        return [
            record.dagster_run
            for record in started
            if record.start_time is not None
            and time.time() - record.start_time >= GRACE_SECONDS
            and not is_alive(connection, record.dagster_run.run_id)
        ]
