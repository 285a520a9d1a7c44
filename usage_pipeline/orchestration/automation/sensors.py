"""The sensors: what has arrived, which event days that affects, and what is missing."""

from collections.abc import Callable, Iterator, Sequence

import dagster as dg

from usage_pipeline.orchestration.automation.lost_runs import lost_runs_sensor
from usage_pipeline.orchestration.automation.requests import due_requests, requests
from usage_pipeline.orchestration.automation.under_way import busy_days, days_of
from usage_pipeline.orchestration.jobs import EVENT_DAYS, LANDING_DAYS
from usage_pipeline.orchestration.resources import StorageParam
from usage_pipeline.settings import Settings

# What is imported within the functions is slow to import.
# ruff: noqa: PLC0415

BULK_LANDING_DAYS = 2
"""Today's folder and one beside it. While more landing days are under way, event days wait: each would be
computed several times."""

LANDING_PRIORITY, AFFECTED_PRIORITY, GAP_PRIORITY = 5, 5, -5
"""Backfills have 0, the schedule of yesterday 10."""


def all_sensors(settings: Settings) -> Sequence[dg.SensorDefinition]:
    """Every sensor, at the pace that the settings say."""
    interval = settings.sensor_interval_seconds
    return [
        _sensor(arrivals, interval),
        _sensor(affected_days, interval),
        _sensor(gap_filler, settings.gap_filler_interval_seconds),
        lost_runs_sensor(interval),
    ]


def arrivals(context: dg.SensorEvaluationContext, storage: StorageParam) -> dg.SensorResult:
    """Requests landing days whose files are new or changed, once they were the same at two looks."""
    from usage_pipeline.pipeline.automation.arrivals import arrived_work, dump, find_arrivals, look_again, parse

    busy = busy_days(context.instance)  # first: a run that ends meanwhile has left its trace in the state
    waiting = look_again(parse(context.cursor), find_arrivals(storage))
    work = arrived_work(waiting, busy.landing)
    requested = requests(context.instance, work, "arrivals", LANDING_PRIORITY)
    reason = f"{len(waiting)} landing days wait to be at rest, or are under way" if waiting else "Nothing new"
    return _result(requested, reason, cursor=dump(waiting))


def affected_days(context: dg.SensorEvaluationContext, storage: StorageParam) -> dg.SensorResult:
    """Requests exactly the event days, and of them the tables, whose inputs have changed: from the state."""
    from usage_pipeline.pipeline.automation.affected import affected_work

    busy = busy_days(context.instance)
    if len(busy.landing) > BULK_LANDING_DAYS:
        return _result([], f"{len(busy.landing)} landing days are under way")
    work = affected_work(storage, busy.events)
    requested = requests(context.instance, work, "affected_days", AFFECTED_PRIORITY)
    return _result(requested, _rest(len(work), len(busy.events), "All days are current"))


def gap_filler(context: dg.SensorEvaluationContext, storage: StorageParam) -> dg.SensorResult:
    """Requests what is expected up to yesterday and missing, failed or half-written: the newest days first."""
    from usage_pipeline.pipeline.automation.gaps import gap_work

    busy = busy_days(context.instance)
    if len(busy.landing) > BULK_LANDING_DAYS:
        return _result([], f"{len(busy.landing)} landing days are under way")
    work = gap_work(storage, busy)
    due = due_requests(context.instance, work, "gap_filler", GAP_PRIORITY)
    requested = list(_up_to(storage.settings.gap_filler_max_days, due))
    return _result(requested, _rest(len(work), len(busy.landing | busy.events), "No gaps"))


def _rest(failed: int, busy: int, nothing: str) -> str:
    """Why nothing is requested now."""
    reasons = [
        *([f"{failed} runs have failed and are tried again later"] if failed else []),
        *([f"{busy} days are under way"] if busy else []),
    ]
    return "; ".join(reasons) or nothing


def _up_to(limit: int, found: Iterator[dg.RunRequest]) -> Iterator[dg.RunRequest]:
    """The first of the requests that together have no more days than that."""
    for request in found:
        limit -= len(days_of(request.tags, request.partition_key))
        if limit < 0:
            return
        yield request


def _sensor(evaluate: Callable[..., dg.SensorResult], interval: int) -> dg.SensorDefinition:
    return dg.SensorDefinition(
        name=evaluate.__name__,
        description=evaluate.__doc__,
        evaluation_fn=evaluate,
        jobs=[LANDING_DAYS, EVENT_DAYS],
        minimum_interval_seconds=interval,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )


def _result(requested: Sequence[dg.RunRequest], reason: str, cursor: str | None = None) -> dg.SensorResult:
    if requested:
        return dg.SensorResult(run_requests=requested, cursor=cursor)
    return dg.SensorResult(skip_reason=reason, cursor=cursor)
