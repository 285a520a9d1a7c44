"""What Dagster loads: assets, jobs, schedules, sensors, resources and executor, put together.

`build_definitions` takes overrides so that tests and commands can run the same assets on a storage of
their own. This module imports nothing slow: every process of Dagster loads it.
"""

import warnings
from collections.abc import Mapping

import dagster as dg

from usage_pipeline.orchestration.alerts import DELIVER_ALERTS, limits_and_alerts, messages_are_delivered, outbox
from usage_pipeline.orchestration.assets.daily import daily_asset
from usage_pipeline.orchestration.assets.landing import landing_assets
from usage_pipeline.orchestration.automation.schedules import (
    closing_schedule,
    housekeeping_schedule,
    insights_schedule,
    limits_schedule,
    pruning_schedule,
    report_schedules,
    yesterday_schedule,
)
from usage_pipeline.orchestration.automation.sensors import all_sensors
from usage_pipeline.orchestration.checks import asset_checks
from usage_pipeline.orchestration.closing import CLOSE_PERIODS, closed_periods, periods_close
from usage_pipeline.orchestration.code_references import with_code_references
from usage_pipeline.orchestration.housekeeping import CLEAN_UP, housekeeping
from usage_pipeline.orchestration.inputs import INPUTS, VALIDITY_CHECKS, files_are_in_place
from usage_pipeline.orchestration.insights import INSIGHT_DAYS, insight_assets
from usage_pipeline.orchestration.jobs import ARRIVED_DAYS, EVENT_DAYS, LANDING_DAYS, daily_partitions
from usage_pipeline.orchestration.ledger import credit_ledger, ledger_is_balanced
from usage_pipeline.orchestration.limits import REFRESH_LIMITS, limits_are_kept
from usage_pipeline.orchestration.pruning import PRUNE, retention_pruning
from usage_pipeline.orchestration.reports import (
    MONTHLY_REPORTS,
    REPORT_REQUESTS,
    SEND_REPORTS,
    report,
    report_answers,
    report_mails,
    tenant_reports,
)
from usage_pipeline.orchestration.resources import (
    PROGRESS,
    RUN_STORAGE,
    STORAGE,
    RunStorageResource,
    StorageResource,
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
    partitions = partitions or daily_partitions(settings)
    resources = {STORAGE: StorageResource(settings=settings), PROGRESS: lambda _: None, **(overrides or {})}
    with warnings.catch_warnings():
        # Backfill policies and code references are beta for every user of Dagster; tests would see them change.
        warnings.simplefilter("ignore", dg.BetaWarning)
        assets = [
            landing_assets(partitions),
            *(
                daily_asset(table, group, partitions, settings)
                for group, tables in GROUPS.items()
                for table in tables
            ),
            insight_assets(partitions),
            closed_periods,
            credit_ledger,
            limits_and_alerts,
            outbox,
            tenant_reports(settings),
            report_answers,
            report_mails,
            retention_pruning,
            housekeeping,
        ]
        linked = with_code_references(assets, settings.repository)
    return dg.Definitions(
        assets=[*linked, *INPUTS],
        asset_checks=[
            *asset_checks(settings, partitions),
            files_are_in_place,
            *VALIDITY_CHECKS,
            periods_close,
            ledger_is_balanced,
            limits_are_kept,
            messages_are_delivered,
        ],
        jobs=[
            LANDING_DAYS,
            EVENT_DAYS,
            ARRIVED_DAYS,
            INSIGHT_DAYS,
            CLOSE_PERIODS,
            REFRESH_LIMITS,
            DELIVER_ALERTS,
            MONTHLY_REPORTS,
            REPORT_REQUESTS,
            SEND_REPORTS,
            report,
            PRUNE,
            CLEAN_UP,
        ],
        schedules=[
            yesterday_schedule,
            insights_schedule,
            closing_schedule,
            limits_schedule,
            *report_schedules,
            pruning_schedule,
            housekeeping_schedule,
        ],
        sensors=all_sensors(settings),
        resources={**resources, RUN_STORAGE: RunStorageResource(storage=resources[STORAGE])},
        # Each run is a process of its own already; a process per step would cost seconds per step.
        executor=dg.in_process_executor,
    )


defs = build_definitions()
