"""The two jobs: one lands landing days, one computes event days. Backfills and commands run them."""

import dagster as dg
from dagster import AssetSelection

from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.pipeline.tables import DAILY_TABLES

LANDING_DAYS = dg.define_asset_job(
    "landing_days",
    selection=AssetSelection.assets(LANDED_EVENTS.name),
    description="Land the files of landing days: every line is validated once, every file is one object.",
)

EVENT_DAYS = dg.define_asset_job(
    "event_days",
    selection=AssetSelection.assets(*(table.name for table in DAILY_TABLES)),
    description="Compute event days: records, cube, conversations and the three series.",
)
