"""Which days something is queued or running for, so that nothing is requested twice."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import dagster as dg

from usage_pipeline.clock import days_between
from usage_pipeline.orchestration.dagster_internals import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    NOT_FINISHED_STATUSES,
    PARTITION_NAME_TAG,
    WILL_RETRY_TAG,
    open_backfills,
)
from usage_pipeline.orchestration.jobs import ARRIVED_DAYS, LANDING_DAYS, LANDING_KEYS
from usage_pipeline.orchestration.resources import COMMAND_TAG
from usage_pipeline.pipeline.automation.work import Busy

if TYPE_CHECKING:
    from usage_pipeline.orchestration.dagster_internals import AssetBackfillData

RETRY_PATIENCE = timedelta(minutes=5)
"""Dagster tries a run again within seconds, if its daemon is well."""


def busy_days(instance: dg.DagsterInstance) -> Busy:
    """The days of all runs that go on, and those that backfills have yet to make runs for."""
    runs = [*instance.get_runs(dg.RunsFilter(statuses=list(NOT_FINISHED_STATUSES))), *_to_be_retried(instance)]
    waiting = [entry for backfill in open_backfills(instance) for entry in _not_started(backfill)]
    return Busy(
        landing=frozenset(
            [day for run in runs if _lands(run) for day in days_of(run.tags)]
            + [day for asset, day in waiting if asset in LANDING_KEYS]
        ),
        events=frozenset(
            [day for run in runs if _computes(run) for day in days_of(run.tags)]
            + [day for asset, day in waiting if asset not in LANDING_KEYS]
        ),
    )


def days_under_way(instance: dg.DagsterInstance, job_name: str) -> set[date]:
    """The days of the runs of a job that are queued or go on."""
    going_on = dg.RunsFilter(job_name=job_name, statuses=list(NOT_FINISHED_STATUSES))
    return {day for run in instance.get_runs(going_on) for day in days_of(run.tags)}


def _to_be_retried(instance: dg.DagsterInstance) -> list[dg.DagsterRun]:
    """Runs that lost their process, in the moment before Dagster makes the run that tries them again."""
    lately = dg.RunsFilter(
        statuses=[dg.DagsterRunStatus.FAILURE],
        tags={WILL_RETRY_TAG: "true"},
        updated_after=datetime.now(UTC) - RETRY_PATIENCE,
    )
    failed = instance.get_runs(lately)
    return [run for run in failed if run.is_complete_and_waiting_to_retry and COMMAND_TAG not in run.tags]


def _not_started(backfill: "AssetBackfillData") -> Iterator[tuple[dg.AssetKey, date]]:
    """The partitions of a backfill for which it has made no run yet."""
    left = backfill.target_subset - backfill.requested_subset - backfill.failed_and_downstream_subset
    for entry in left.iterate_asset_partitions():
        if entry.partition_key is not None:
            yield entry.asset_key, date.fromisoformat(entry.partition_key)


def days_of(tags: Mapping[str, str], partition: str | None = None) -> list[date]:
    """The days of a run, or of a request for one, by its tags; a single day may have a tag of its own."""
    first = tags.get(ASSET_PARTITION_RANGE_START_TAG) or tags.get(PARTITION_NAME_TAG) or partition
    last = tags.get(ASSET_PARTITION_RANGE_END_TAG) or first
    if first is None or last is None:
        return []
    return days_between(date.fromisoformat(first), date.fromisoformat(last))


def _lands(run: dg.DagsterRun) -> bool:
    if run.asset_selection:
        return bool(run.asset_selection & LANDING_KEYS)
    return run.job_name in (LANDING_DAYS.name, ARRIVED_DAYS.name)


def _computes(run: dg.DagsterRun) -> bool:
    if run.asset_selection:
        return bool(run.asset_selection - LANDING_KEYS)
    return run.job_name != LANDING_DAYS.name
