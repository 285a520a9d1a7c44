"""Makes run requests of work: each at most once, and again only some time after it failed."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import islice, takewhile
from typing import TypeAlias

import dagster as dg

from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.orchestration.dagster_internals import PRIORITY_TAG
from usage_pipeline.orchestration.jobs import (
    ARRIVED_DAYS,
    EVENT_DAYS,
    KNOWN_FILES_TAG,
    LANDING_DAYS,
    LANDING_KEYS,
    partition_key,
    range_tags,
)
from usage_pipeline.pipeline.automation.work import LANDING, Work, due_again

WORK_TAG = "usage_pipeline/work"
"""The digest of the work that a run was requested for."""
REQUESTED_BY_TAG = "usage_pipeline/requested_by"
"""What requested a run; `dagster.yaml` limits how many of these run at once."""
MAX_REQUESTS = 10
"""Requests of one evaluation; what is left over is found again by the next."""
REMEMBERED_RUNS = 20
Context: TypeAlias = dg.SensorEvaluationContext | dg.ScheduleEvaluationContext


def requests(
    instance: dg.DagsterInstance, work: Iterable[Work], requested_by: str, priority: int
) -> list[dg.RunRequest]:
    """A run for each piece of work that is due, in this order, up to the limit."""
    return list(islice(due_requests(instance, work, requested_by, priority), MAX_REQUESTS))


def within_calendar(context: dg.SensorEvaluationContext, work: Sequence[Work]) -> tuple[list[Work], str]:
    """The work on days of the calendar, and what a reason adds about the rest."""
    loaded, waiting = loaded_partitions(context, {day for piece in work for day in piece.days})
    within = [(piece, [day for day in piece.days if day in loaded]) for piece in work]
    return [replace(piece, days=days) for piece, days in within if days], waiting


def loaded_partitions(
    context: Context, partitions: Collection[date], asset: str = LANDED_EVENTS.name
) -> tuple[list[date], str]:
    """Those of the partitions that the calendar of an asset has, and what a reason adds about the others.

    The calendar is that of the loaded definitions: it does not have the history that came later. A clock that is
    fast writes events of tomorrow. One request for what it does not have would fail all of a tick.
    """
    calendar = calendar_of(context, asset)
    first, last = calendar.start.date(), date.fromisoformat(calendar.get_last_partition_key() or str(date.min))
    within = [day for day in sorted(partitions) if first <= day <= last]
    earliest, latest = min(partitions, default=first), max(partitions, default=last)
    early = f". Data from {earliest} on waits until the code location is loaded again: it begins on {first}"
    late = f". Data up to {latest} waits until that day has come"
    return within, (early if earliest < first else "") + (late if latest > last else "")


def calendar_of(context: Context, asset: str = LANDED_EVENTS.name) -> dg.TimeWindowPartitionsDefinition:
    """The calendar of an asset, as it is loaded; all daily ones share it."""
    repository = context.repository_def
    assert repository is not None  # noqa: S101 - it is evaluated with its repository
    calendar = repository.asset_graph.get(dg.AssetKey(asset)).partitions_def
    assert isinstance(calendar, dg.TimeWindowPartitionsDefinition)  # noqa: S101
    return calendar


def due_requests(
    instance: dg.DagsterInstance, work: Iterable[Work], requested_by: str, priority: int
) -> Iterator[dg.RunRequest]:
    """A run for each piece of work that is due."""
    for piece in work:
        runs = instance.get_run_records(dg.RunsFilter(tags={WORK_TAG: piece.digest}), limit=REMEMBERED_RUNS)
        if _is_due(runs):
            newest = runs[0].dagster_run.run_id if runs else ""
            yield run_request(piece, after=newest, requested_by=requested_by, priority=priority)


def run_request(work: Work, *, after: str, requested_by: str, priority: int) -> dg.RunRequest:
    """The run that does this work. Dagster starts a run key once, so the newest run before it is in its own."""
    return dg.RunRequest(
        run_key=f"{work.days[0]}:{work.days[-1]}:{work.digest}:{after}",
        job_name=_job(work),
        asset_selection=sorted(_assets(work)),
        partition_key=partition_key(work.days),
        tags={
            WORK_TAG: work.digest,
            REQUESTED_BY_TAG: requested_by,
            PRIORITY_TAG: str(priority),
            KNOWN_FILES_TAG: work.known_files.value,
            **range_tags(work.days),
        },
    )


def _job(work: Work) -> str:
    if work.tables == LANDING:
        return LANDING_DAYS.name
    return ARRIVED_DAYS.name if work.tables > LANDING else EVENT_DAYS.name


def _assets(work: Work) -> set[dg.AssetKey]:
    landed = LANDING_KEYS if work.tables >= LANDING else frozenset()
    return {*landed, *(dg.AssetKey(name) for name in work.tables - LANDING)}


def _is_due(runs: Sequence[dg.RunRecord]) -> bool:
    """Whether the last attempts, newest first, leave room for another one now."""
    failed = list(takewhile(lambda record: record.dagster_run.status is not dg.DagsterRunStatus.SUCCESS, runs))
    if not failed:
        return True
    ended = datetime.fromtimestamp(failed[0].end_time or failed[0].update_timestamp.timestamp(), UTC)
    # By the real clock, as that is what Dagster has noted of its runs.
    return datetime.now(UTC) >= due_again(len(failed), ended)
