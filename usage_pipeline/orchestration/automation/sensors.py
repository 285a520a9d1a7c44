"""The sensors: what has arrived, which event days that affects, and what is missing."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime

import dagster as dg

from usage_pipeline.orchestration.alerts import DELIVER_ALERTS
from usage_pipeline.orchestration.automation.broken_files import waits_for_files
from usage_pipeline.orchestration.automation.failed_runs import failed_runs_sensor
from usage_pipeline.orchestration.automation.lost_runs import lost_runs_sensor
from usage_pipeline.orchestration.automation.report_sensor import reports_sensor
from usage_pipeline.orchestration.automation.requests import (
    REQUESTED_BY_TAG,
    calendar_of,
    due_requests,
    requests,
    within_calendar,
)
from usage_pipeline.orchestration.automation.under_way import busy_days, days_of
from usage_pipeline.orchestration.dagster_internals import (
    PRIORITY_TAG,
    UnresolvedAssetJobDefinition,
    failed_partitions,
)
from usage_pipeline.orchestration.inputs import placement, says_of_misplaced, validities
from usage_pipeline.orchestration.jobs import ARRIVED_DAYS, EVENT_DAYS, LANDING_DAYS
from usage_pipeline.orchestration.limits import REFRESH_LIMITS
from usage_pipeline.orchestration.resources import StorageParam
from usage_pipeline.pipeline.tables import PARTITIONED_TABLES
from usage_pipeline.settings import Settings
from usage_pipeline.words import count, is_or_are

# What is imported within the functions is slow to import.
# ruff: noqa: PLC0415

LANDING_PRIORITY, AFFECTED_PRIORITY, GAP_PRIORITY, REFRESH_PRIORITY, DELIVERY_PRIORITY = 5, 5, -5, 5, 5
"""Backfills have 0, the schedule of yesterday 10."""


def all_sensors(settings: Settings) -> Sequence[dg.SensorDefinition]:
    """Every sensor, at the pace that the settings say."""
    interval = settings.sensor_interval_seconds
    return [
        _sensor(arrivals, interval, LANDING_DAYS, ARRIVED_DAYS),
        _sensor(affected_days, interval, EVENT_DAYS),
        _sensor(gap_filler, settings.gap_filler_interval_seconds, LANDING_DAYS, EVENT_DAYS),
        _sensor(changed_usage, interval, REFRESH_LIMITS),
        _sensor(limit_alerts, interval, DELIVER_ALERTS),
        reports_sensor(interval),
        lost_runs_sensor(interval),
        failed_runs_sensor(interval),
    ]


def arrivals(context: dg.SensorEvaluationContext, storage: StorageParam) -> dg.SensorResult:
    """Requests landing days whose files are new or changed, once they were the same at two looks.

    It also evaluates the check of the landing folder when other entries than before are misplaced, and those of
    formats and reference files when these change.
    """
    from usage_pipeline.pipeline.automation import arrivals as arriving
    from usage_pipeline.pipeline.edited_files import edited_files_digest
    from usage_pipeline.pipeline.landing_work import scan

    busy = busy_days(context.instance)  # first: a run that ends meanwhile has left its trace in the state
    before, found = arriving.parse(context.cursor), scan(storage)
    waiting = arriving.look_again(before.waiting, arriving.find_arrivals(storage, found))
    edited = edited_files_digest(storage.settings)
    look = arriving.Look(waiting, arriving.misplaced_digest(found.misplaced), edited)
    work, early = within_calendar(context, arriving.arrived_work(waiting, busy.landing))
    requested = requests(context.instance, work, "arrivals", LANDING_PRIORITY)
    reason = f"{count(len(waiting), 'landing day')} not at rest yet, or under way" if waiting else "Nothing new"
    evaluations = [
        *([placement(found.misplaced)] if look.misplaced != before.misplaced else []),
        *(validities(storage.settings) if look.edited != before.edited else []),
    ]
    said = reason + says_of_misplaced(found.misplaced) + early
    return _result(requested, said, arriving.dump(look), evaluations)


def affected_days(context: dg.SensorEvaluationContext, storage: StorageParam) -> dg.SensorResult:
    """Requests exactly the event days, and of them the tables, whose inputs have changed: from the state."""
    from usage_pipeline.pipeline.automation.affected import affected_work
    from usage_pipeline.pipeline.automation.work import BULK_LANDING_DAYS

    busy = busy_days(context.instance)
    if len(busy.landing) > BULK_LANDING_DAYS:
        return _result([], f"{count(len(busy.landing), 'landing day')} under way")
    work, early = within_calendar(context, affected_work(storage, busy.events))
    requested = requests(context.instance, work, "affected_days", AFFECTED_PRIORITY)
    return _result(requested, _rest(len(work), len(busy.events), "All days are current") + early)


def gap_filler(context: dg.SensorEvaluationContext, storage: StorageParam) -> dg.SensorResult:
    """Requests what is expected up to yesterday and missing, failed, unfinished or wiped, newest days first."""
    from usage_pipeline.pipeline.automation.gaps import find_unrecorded, gap_work
    from usage_pipeline.pipeline.automation.work import BULK_LANDING_DAYS

    busy = busy_days(context.instance)
    if len(busy.landing) > BULK_LANDING_DAYS:
        return _result([], f"{count(len(busy.landing), 'landing day')} under way")
    unrecorded = find_unrecorded(storage, _recorded(context))
    work, early = within_calendar(context, gap_work(storage, busy, unrecorded))
    due = due_requests(context.instance, work, "gap_filler", GAP_PRIORITY)
    requested = list(_up_to(storage.settings.gap_filler_max_days, due))
    return _result(requested, _rest(len(work), len(busy.landing | busy.events), "No gaps") + early)


def changed_usage(context: dg.SensorEvaluationContext, storage: StorageParam) -> dg.SensorResult:
    """Requests a refresh of limits, which raises alerts, when usage or a file that people edit has changed.

    It waits for runs that go on, but not longer than five minutes since the last refresh.
    """
    from usage_pipeline.pipeline.automation.due_refresh import Refresh, due_refresh

    last = Refresh.parse(context.cursor)
    refresh = due_refresh(storage, last, lambda: bool(busy_days(context.instance).events))
    if refresh is None:
        return _result([], "Nothing has changed, or days are under way", context.cursor)
    tags = {REQUESTED_BY_TAG: "changed_usage", PRIORITY_TAG: str(REFRESH_PRIORITY)}
    return _result([dg.RunRequest(run_key=str(refresh), tags=tags)], "", str(refresh))


def limit_alerts(context: dg.SensorEvaluationContext, storage: StorageParam) -> dg.SensorResult:
    """Requests the delivery of alerts and other messages when some have become due.

    What is still due five minutes later, because a channel was down, is requested again.
    """
    from usage_pipeline.pipeline.automation.due_messages import due_delivery

    last = datetime.fromisoformat(context.cursor) if context.cursor else None
    delivery = due_delivery(storage, last)
    if delivery is None:
        return _result([], "Nothing new is due", context.cursor)
    tags = {REQUESTED_BY_TAG: "limit_alerts", PRIORITY_TAG: str(DELIVERY_PRIORITY)}
    context.log.info("%s to deliver", count(delivery.messages, "message"))
    return _result([dg.RunRequest(run_key=delivery.digest, tags=tags)], "", storage.settings.clock.now.isoformat())


def _recorded(context: dg.SensorEvaluationContext) -> dict[str, set[date]]:
    """By table the days that the UI shows as materialized, and not as failed since.

    A step that fails leaves out those behind it, so days may be shown as failed of which nothing is stale.
    """
    calendar = calendar_of(context)
    keys = {table.name: dg.AssetKey(table.name) for table in PARTITIONED_TABLES}
    found = {
        name: context.instance.get_materialized_partitions(key)
        - failed_partitions(context.instance, key, calendar)
        for name, key in keys.items()
    }
    return {name: set(map(date.fromisoformat, days)) for name, days in found.items()}


def _rest(failed: int, busy: int, nothing: str) -> str:
    """Why nothing is requested now."""
    reasons = [
        *([f"{count(failed, 'run')} failed and will be tried again later"] if failed else []),
        *([f"{count(busy, 'day')} {is_or_are(busy)} under way"] if busy else []),
    ]
    return "; ".join(reasons) or nothing


def _up_to(limit: int, found: Iterator[dg.RunRequest]) -> Iterator[dg.RunRequest]:
    """The first of the requests that together have no more days than that."""
    for request in found:
        limit -= len(days_of(request.tags, request.partition_key))
        if limit < 0:
            return
        yield request


def _sensor(
    evaluate: Callable[..., dg.SensorResult], interval: int, *jobs: UnresolvedAssetJobDefinition
) -> dg.SensorDefinition:
    return dg.SensorDefinition(
        name=evaluate.__name__,
        description=evaluate.__doc__,
        evaluation_fn=waits_for_files(evaluate),
        jobs=jobs,
        minimum_interval_seconds=interval,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )


def _result(
    requested: Sequence[dg.RunRequest],
    reason: str,
    cursor: str | None = None,
    evaluations: Sequence[dg.AssetCheckEvaluation] = (),
) -> dg.SensorResult:
    return dg.SensorResult(
        run_requests=requested or None,
        skip_reason=None if requested else reason,
        cursor=cursor,
        asset_events=evaluations,
    )
