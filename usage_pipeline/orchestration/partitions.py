"""The one calendar and the one backfill policy that all daily assets share.

Shared on purpose: with different starts or policies Dagster splits a backfill into odd pieces. Landing
days and event days are both days of this calendar; what connects them is the state, not a mapping.
"""

import dagster as dg

from usage_pipeline.pipeline.tables import CHUNK_DAYS
from usage_pipeline.settings import Settings

BACKFILL_POLICY = dg.BackfillPolicy.multi_run(max_partitions_per_run=CHUNK_DAYS)


def daily_partitions(settings: Settings) -> dg.DailyPartitionsDefinition:
    """UTC days from the first day of the calendar to today; today is open but there."""
    return dg.DailyPartitionsDefinition(start_date=settings.first_day.isoformat(), timezone="UTC", end_offset=1)
