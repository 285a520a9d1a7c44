"""Finds the days that insights are not kept as of, because the schedule did not run on the day after."""

from datetime import date, timedelta

from sqlalchemy import select

from usage_pipeline.clock import days_between
from usage_pipeline.insights.kept.tables import USAGE_TRENDS
from usage_pipeline.pipeline.refresh import first_day_with_data
from usage_pipeline.pipeline.tables import CHUNK_DAYS
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import warehouse_table

usage_trends = warehouse_table(USAGE_TRENDS)


def insight_gaps(storage: Storage) -> list[date]:
    """Return the days up to yesterday without insights: of the last 30, as far as they are kept and have data.

    Who was away for longer makes the days before by a backfill.
    """
    yesterday = storage.settings.clock.yesterday
    days = min(CHUNK_DAYS, storage.settings.insight_days)
    first = max(yesterday - timedelta(days=days - 1), first_day_with_data(storage))
    query = select(usage_trends.c.as_of).where(usage_trends.c.as_of.between(first, yesterday)).distinct()
    with storage.warehouse.connect() as connection:
        made = set(connection.execute(query).scalars())
    return [day for day in days_between(first, yesterday) if day not in made]
