"""The one calendar and the one backfill policy that all daily assets share, and what a run of a command has of it.

Shared on purpose: with different starts or policies Dagster splits a backfill into odd pieces. Landing
days and event days are both days of this calendar; only the state connects them, no partition mapping.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time

import dagster as dg

from usage_pipeline.clock import days_between
from usage_pipeline.pipeline.tables import CHUNK_DAYS
from usage_pipeline.settings import Settings

BACKFILL_POLICY = dg.BackfillPolicy.multi_run(max_partitions_per_run=CHUNK_DAYS)


def daily_partitions(settings: Settings) -> dg.DailyPartitionsDefinition:
    """UTC days from the first day of the calendar to today; today is open but there."""
    return dg.DailyPartitionsDefinition(start_date=settings.first_day.isoformat(), timezone="UTC", end_offset=1)


def partitions_of(days: Sequence[date]) -> dg.DailyPartitionsDefinition:
    """A calendar that lacks the days between these: Dagster runs all days from the first to the last."""
    left_out = sorted(set(days_between(days[0], days[-1])).difference(days))
    return dg.DailyPartitionsDefinition(
        start_date=days[0].isoformat(),
        timezone="UTC",
        end_offset=1,
        exclusions=[datetime.combine(day, time(), UTC) for day in left_out] or None,
    )
