"""The sensor `reports`: answers to requests, and the reports of months that closed or changed."""

from collections.abc import Iterator
from datetime import date

import dagster as dg

from usage_pipeline.orchestration.automation.broken_files import waits_for_files
from usage_pipeline.orchestration.automation.requests import REQUESTED_BY_TAG, loaded_partitions
from usage_pipeline.orchestration.dagster_internals import NOT_FINISHED_STATUSES, PRIORITY_TAG
from usage_pipeline.orchestration.reports import MONTHLY_REPORTS, REPORT_REQUESTS, TENANT_REPORTS
from usage_pipeline.orchestration.resources import StorageParam

# What is imported within the functions is slow to import.
# ruff: noqa: PLC0415

PRIORITY = "-1"
"""After what computes the numbers."""
_TAGS = {REQUESTED_BY_TAG: "reports", PRIORITY_TAG: PRIORITY}


def reports_sensor(interval: int) -> dg.SensorDefinition:
    """The sensor, at this pace in seconds."""
    return dg.SensorDefinition(
        name="reports",
        description=reports.__doc__,
        evaluation_fn=waits_for_files(reports),
        jobs=[REPORT_REQUESTS, MONTHLY_REPORTS],
        minimum_interval_seconds=interval,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )


def reports(context: dg.SensorEvaluationContext, storage: StorageParam) -> dg.SensorResult:
    """Requests answers to new files in `report_requests`, and the reports of months that closed or changed.

    What fails is requested again the day after.
    """
    running = {run.job_name for run in context.instance.get_runs(dg.RunsFilter(statuses=[*NOT_FINISHED_STATUSES]))}
    today = storage.settings.clock.today
    due = _due_months(storage) if MONTHLY_REPORTS.name not in running else {}
    months, waiting = loaded_partitions(context, due, TENANT_REPORTS)
    requested = [
        *(_answers(storage, today) if REPORT_REQUESTS.name not in running else ()),
        *(_month(month, due[month], today) for month in months),
    ]
    if not requested:
        return dg.SensorResult(skip_reason=f"No request is pending, and no report of a month is due{waiting}")
    return dg.SensorResult(run_requests=requested)


def _answers(storage: StorageParam, today: date) -> Iterator[dg.RunRequest]:
    from usage_pipeline.reports.requests import pending_requests, requests_digest

    if asked := pending_requests(storage.settings):
        yield dg.RunRequest(f"{requests_digest(asked)}-{today}", job_name=REPORT_REQUESTS.name, tags=_TAGS)


def _due_months(storage: StorageParam) -> dict[date, str]:
    """The months with reports that are due, and what these are known by."""
    from usage_pipeline.reports.months import due_digests

    if storage.settings.report_formats == "none":
        return {}
    return due_digests(storage)


def _month(month: date, digest: str, today: date) -> dg.RunRequest:
    return dg.RunRequest(
        f"{month}-{digest}-{today}",
        job_name=MONTHLY_REPORTS.name,
        partition_key=str(month),
        run_config={"ops": {TENANT_REPORTS: {"config": {"only_due": True}}}},
        tags=_TAGS,
    )
