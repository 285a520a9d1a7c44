"""Raises alerts on runs that have failed, also on those of commands, and resolves them when the job runs again."""

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime, timedelta

import dagster as dg

from usage_pipeline.orchestration.alerts import DELIVER_ALERTS
from usage_pipeline.orchestration.automation.under_way import days_of
from usage_pipeline.orchestration.dagster_internals import WILL_RETRY_TAG
from usage_pipeline.orchestration.jobs import ARRIVED_DAYS, EVENT_DAYS, LANDING_DAYS
from usage_pipeline.orchestration.resources import StorageParam
from usage_pipeline.words import count

# What is imported within the functions is slow to import.
# ruff: noqa: PLC0415

OVERLAP = timedelta(minutes=5)
"""A run that another process ends becomes visible a little later than its time; what was seen changes nothing."""

ASSETS = "__ASSET_JOB"
"""The job of runs that people launch for assets of their choice, and of backfills."""

_OF_DAYS = frozenset({LANDING_DAYS.name, EVENT_DAYS.name, ARRIVED_DAYS.name, ASSETS})
_FAILED, _SUCCEEDED = dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.SUCCESS


def failed_runs_sensor(interval: int) -> dg.SensorDefinition:
    """The sensor that raises alerts on failed runs; it requests none."""

    @dg.sensor(
        name="failed_runs",
        description="Raises an alert when a run has failed, once until a later run of its job succeeds. Of failed "
        "deliveries nobody is told: the message would go the same way.",
        minimum_interval_seconds=interval,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def failed_runs(context: dg.SensorEvaluationContext, storage: StorageParam) -> dg.SensorResult:
        from usage_pipeline.alerts.data.runs import FailedRun, failing_jobs, raise_on_runs
        from usage_pipeline.pipeline.automation.failed_runs import recovered_jobs

        looked_at = datetime.now(UTC)
        since = datetime.fromisoformat(context.cursor) if context.cursor else looked_at
        failures = [
            FailedRun(run.job_name, run.run_id, ended, tuple(days_of(run.tags)))
            for run, ended in _failed_since(context.instance, since - OVERLAP)
        ]
        jobs = failing_jobs(storage) | {run.job for run in failures}
        succeeded = _succeeded(context.instance, jobs)
        recovered = recovered_jobs(storage, succeeded, of_days={job: job in _OF_DAYS for job in succeeded})
        told = raise_on_runs(storage, failures, recovered, untold=[DELIVER_ALERTS.name]) if jobs else []
        reason = f"Told of {count(len(told), 'job')}" if told else "Nothing new has failed"
        return dg.SensorResult(skip_reason=reason, cursor=looked_at.isoformat())

    return failed_runs


def _failed_since(instance: dg.DagsterInstance, since: datetime) -> Iterator[tuple[dg.DagsterRun, datetime]]:
    """Yield the runs that have failed since, oldest first, and when; not those that Dagster tries again."""
    found = instance.get_run_records(
        dg.RunsFilter(statuses=[_FAILED], updated_after=since), order_by="update_timestamp", ascending=True
    )
    for record in found:
        if record.dagster_run.tags.get(WILL_RETRY_TAG) != "true":
            yield record.dagster_run, _ended(record)


def _succeeded(instance: dg.DagsterInstance, jobs: Collection[str]) -> Mapping[str, datetime]:
    """Return which of these jobs have succeeded when they ran last, and when."""
    found = {}
    for job in sorted(jobs):
        ended = dg.RunsFilter(job_name=job, statuses=[_FAILED, _SUCCEEDED])
        for last in instance.get_run_records(ended, limit=1, order_by="update_timestamp", ascending=False):
            if last.dagster_run.status is _SUCCEEDED:
                found[job] = _ended(last)
    return found


def _ended(record: dg.RunRecord) -> datetime:
    if record.end_time is None:
        return record.update_timestamp
    return datetime.fromtimestamp(record.end_time, UTC)
