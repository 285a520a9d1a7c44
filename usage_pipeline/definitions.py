"""What Dagster loads: assets, jobs, schedules, sensors, resources and executor, put together.

`build_definitions` takes overrides so that tests and commands can run the same assets on a storage of
their own. This module imports nothing slow: every process of Dagster loads it.
"""

import warnings
from collections.abc import Mapping

import dagster as dg

from usage_pipeline.orchestration.assets.daily import daily_asset
from usage_pipeline.orchestration.assets.landing import landing_asset
from usage_pipeline.orchestration.automation.schedules import closing_schedule, yesterday_schedule
from usage_pipeline.orchestration.automation.sensors import all_sensors
from usage_pipeline.orchestration.checks import asset_checks
from usage_pipeline.orchestration.closing import close_periods, periods_close
from usage_pipeline.orchestration.code_references import with_code_references
from usage_pipeline.orchestration.freshness import SERIES, series_freshness
from usage_pipeline.orchestration.jobs import EVENT_DAYS, LANDING_DAYS
from usage_pipeline.orchestration.partitions import daily_partitions
from usage_pipeline.orchestration.resources import (
    PROGRESS,
    RUN_LOCK,
    STORAGE,
    progress_resource,
    run_lock_resource,
    storage_resource,
)
from usage_pipeline.pipeline.tables import GROUPS
from usage_pipeline.settings import Settings


def build_definitions(
    settings: Settings | None = None,
    overrides: Mapping[str, object] | None = None,
    partitions: dg.DailyPartitionsDefinition | None = None,
) -> dg.Definitions:
    """All definitions; `overrides` replaces resources by name, `partitions` the calendar of all daily assets."""
    settings = settings or Settings.load()
    partitions, freshness = partitions or daily_partitions(settings), series_freshness(settings)
    with warnings.catch_warnings():
        # Backfill policies and code references are beta for every user of Dagster; tests would see them change.
        warnings.simplefilter("ignore", dg.BetaWarning)
        assets = [
            landing_asset(partitions),
            *(
                daily_asset(table, group, partitions, freshness if table in SERIES else None)
                for group, tables in GROUPS.items()
                for table in tables
            ),
        ]
        linked = with_code_references(assets, settings.repository)
    return dg.Definitions(
        assets=linked,
        asset_checks=[*asset_checks(settings), periods_close],
        jobs=[LANDING_DAYS, EVENT_DAYS, close_periods],
        schedules=[yesterday_schedule, closing_schedule],
        sensors=all_sensors(settings),
        resources={
            STORAGE: storage_resource,
            PROGRESS: progress_resource,
            RUN_LOCK: run_lock_resource,
            **(overrides or {}),
        },
        # Each run is a process of its own already; a process per step would cost seconds per step.
        executor=dg.in_process_executor,
    )


defs = build_definitions()
