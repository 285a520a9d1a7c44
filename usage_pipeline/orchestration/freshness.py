"""How fresh the series have to be: computed after midnight UTC, before the day is overdue."""

from datetime import timedelta

import dagster as dg

from usage_pipeline.series.tables import CONVERSATION_SERIES, MESSAGE_SERIES, TOKEN_SERIES
from usage_pipeline.settings import Settings

SERIES = (TOKEN_SERIES, CONVERSATION_SERIES, MESSAGE_SERIES)


def series_freshness(settings: Settings) -> dg.FreshnessPolicy:
    """Between midnight and that hour of each day, as the schedule `yesterday` does it."""
    hours = settings.due_after_hours
    return dg.FreshnessPolicy.cron(
        deadline_cron=f"0 {hours} * * *", lower_bound_delta=timedelta(hours=hours), timezone="UTC"
    )
