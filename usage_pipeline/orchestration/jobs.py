"""The calendar that all daily assets share, and the jobs that backfills, sensors and commands run.

All assets share the calendar and the backfill policy: with several Dagster splits a backfill into odd pieces.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time

import dagster as dg

from usage_pipeline.clock import days_between, in_words
from usage_pipeline.events.record import LANDING_TABLES
from usage_pipeline.orchestration.calendar import first_day
from usage_pipeline.orchestration.dagster_internals import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
)
from usage_pipeline.pipeline.tables import CHUNK_DAYS, DAILY_TABLES
from usage_pipeline.settings import Settings

DAYS_TAG = "days"
"""The days of a run of several, for people: the list of runs shows no range."""

KNOWN_FILES_TAG = "usage_pipeline/known_files"
"""What becomes of files that landed by other formats or rules. Runs that people launch land them again."""

BACKFILL_POLICY = dg.BackfillPolicy.multi_run(max_partitions_per_run=CHUNK_DAYS)

LANDING_KEYS = frozenset(dg.AssetKey(table.name) for table in LANDING_TABLES)

LANDING_DAYS = dg.define_asset_job(
    "landing_days",
    selection=dg.AssetSelection.assets(*LANDING_KEYS),
    description="Land the files of landing days: every line is validated once, every file is one object.",
)

EVENT_DAYS = dg.define_asset_job(
    "event_days",
    selection=dg.AssetSelection.assets(*(table.name for table in DAILY_TABLES)),
    description="Compute event days: records, cubes, conversations, series, breakdowns, costs and credits.",
)

ARRIVED_DAYS = dg.define_asset_job(
    "arrived_days",
    selection=LANDING_DAYS.selection | EVENT_DAYS.selection,
    description="Land the new files of landing days, and compute the event days of the same dates.",
)


def daily_partitions(settings: Settings) -> dg.DailyPartitionsDefinition:
    """UTC days from the first day of the calendar to today; today is open but there."""
    return dg.DailyPartitionsDefinition(start_date=first_day(settings).isoformat(), timezone="UTC", end_offset=1)


def partitions_of(days: Sequence[date]) -> dg.DailyPartitionsDefinition:
    """A calendar that lacks the days between these: Dagster runs all days from the first to the last."""
    left_out = sorted(set(days_between(days[0], days[-1])).difference(days))
    return dg.DailyPartitionsDefinition(
        start_date=days[0].isoformat(),
        timezone="UTC",
        end_offset=1,
        exclusions=[datetime.combine(day, time(), UTC) for day in left_out] or None,
    )


def partition_key(days: Sequence[date]) -> str | None:
    """The partition key of a run of one day; a run of several days has tags instead."""
    return str(days[0]) if len(days) == 1 else None


def range_tags(days: Sequence[date]) -> dict[str, str]:
    """The tags of a run of several days."""
    if len(days) == 1:
        return {}
    return {
        ASSET_PARTITION_RANGE_START_TAG: str(days[0]),
        ASSET_PARTITION_RANGE_END_TAG: str(days[-1]),
        DAYS_TAG: in_words(days),
    }
