"""The schedules: yesterday shortly after midnight UTC, insights, closing, limits, reports, pruning, housekeeping.

Sensors have most of it computed by then. It is computed once more when the day is over, so that there is one
run to look at every morning, and so that the freshness of the series can be validated by it. Schedules do not
catch up on what they missed: the gap filler does, and `insights` itself.
"""

import dagster as dg

from usage_pipeline.orchestration.automation.broken_files import waits_for_files
from usage_pipeline.orchestration.automation.requests import REQUESTED_BY_TAG, loaded_partitions
from usage_pipeline.orchestration.automation.under_way import busy_days, days_under_way
from usage_pipeline.orchestration.closing import CLOSE_PERIODS
from usage_pipeline.orchestration.dagster_internals import PRIORITY_TAG
from usage_pipeline.orchestration.housekeeping import CLEAN_UP
from usage_pipeline.orchestration.insights import INSIGHT_DAYS
from usage_pipeline.orchestration.jobs import EVENT_DAYS, partition_key, range_tags
from usage_pipeline.orchestration.limits import REFRESH_LIMITS
from usage_pipeline.orchestration.pruning import PRUNE
from usage_pipeline.orchestration.reports import SEND_REPORTS, report_mails
from usage_pipeline.orchestration.resources import StorageParam
from usage_pipeline.pipeline.automation.work import chunks

PRIORITY = "10"
"""Before everything else that waits."""


@dg.schedule(
    name="yesterday",
    cron_schedule="15 0 * * *",
    execution_timezone="UTC",
    job=EVENT_DAYS,
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Computes the day that has just ended, at 00:15 UTC.",
)
@waits_for_files
def yesterday_schedule(
    context: dg.ScheduleEvaluationContext, storage: StorageParam
) -> dg.RunRequest | dg.SkipReason:
    """Request yesterday, unless there is nothing to compute it from, or a run has it already."""
    from usage_pipeline.pipeline.automation.gaps import expected_yesterday  # noqa: PLC0415 - slow to import

    day = expected_yesterday(storage)
    if day is None:
        return dg.SkipReason("Nothing of yesterday has landed, and there is no landing folder of it")
    if day in busy_days(context.instance).events:
        return dg.SkipReason(f"{day} is under way")
    loaded, waiting = loaded_partitions(context, [day])
    if not loaded:
        return dg.SkipReason(f"{day} is not in the calendar{waiting}")
    tags = {REQUESTED_BY_TAG: "yesterday", PRIORITY_TAG: PRIORITY}
    return dg.RunRequest(run_key=day.isoformat(), partition_key=day.isoformat(), tags=tags)


@dg.schedule(
    name="insights",
    cron_schedule="0 1 * * *",
    execution_timezone="UTC",
    job=INSIGHT_DAYS,
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description=(
        "Makes trends, anomalies, forecasts and recommendations as of yesterday, at 01:00 UTC, and as of those of "
        "the last 30 days that were missed."
    ),
)
@waits_for_files
def insights_schedule(
    context: dg.ScheduleEvaluationContext, storage: StorageParam
) -> list[dg.RunRequest] | dg.SkipReason:
    """Request the days without insights, the oldest first: how a day was forecast is compared with that day."""
    from usage_pipeline.pipeline.automation.insight_gaps import insight_gaps  # noqa: PLC0415 - slow to import
    from usage_pipeline.storage.landed_files import has_landed  # noqa: PLC0415 - slow to import

    if not has_landed(storage.warehouse):
        return dg.SkipReason("Nothing has landed")
    under_way = days_under_way(context.instance, INSIGHT_DAYS.name)
    gaps, waiting = loaded_partitions(context, insight_gaps(storage))
    missing = chunks(day for day in gaps if day not in under_way)
    if not missing:
        return dg.SkipReason(f"Insights as of all days up to yesterday are made or under way{waiting}")
    today = storage.settings.clock.today
    return [
        dg.RunRequest(
            run_key=f"{today}:{days[0]}",
            partition_key=partition_key(days),
            tags={REQUESTED_BY_TAG: "insights", **range_tags(days)},
        )
        for days in missing
    ]


closing_schedule = dg.ScheduleDefinition(
    name="closing",
    cron_schedule="30 1 * * *",
    execution_timezone="UTC",
    job=CLOSE_PERIODS,
    tags={REQUESTED_BY_TAG: "closing"},
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Closes the billing periods that are due, and posts to the ledger of credits, at 01:30 UTC.",
)


@dg.schedule(
    name="limits",
    cron_schedule="45 * * * *",
    execution_timezone="UTC",
    job=REFRESH_LIMITS,
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Refreshes how limits stand, and raises and resolves alerts, every hour at minute 45.",
)
@waits_for_files
def limits_schedule(storage: StorageParam) -> dg.RunRequest | dg.SkipReason:
    """Request a refresh, unless there is nothing that an alert could be on."""
    from usage_pipeline.pipeline.automation.due_refresh import has_limits  # noqa: PLC0415 - slow to import
    from usage_pipeline.storage.landed_files import has_landed  # noqa: PLC0415 - slow to import

    if not has_limits(storage) and not has_landed(storage.warehouse):
        return dg.SkipReason("There are no limits, and nothing has landed")
    return dg.RunRequest(tags={REQUESTED_BY_TAG: "limits"})


def _report_schedule(cadence: str, cron: str, told: str) -> dg.ScheduleDefinition:
    @dg.schedule(
        name=f"{cadence}_reports",
        cron_schedule=cron,
        execution_timezone="UTC",
        job=SEND_REPORTS,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=f"{told} Without a subscription it does nothing.",
    )
    @waits_for_files
    def schedule(storage: StorageParam) -> dg.RunRequest | dg.SkipReason:
        from usage_pipeline.reports.mailing import due_mails  # noqa: PLC0415 - slow to import
        from usage_pipeline.reports.subscriptions import Cadence  # noqa: PLC0415 - slow to import

        if not due_mails(storage, Cadence(cadence)):
            return dg.SkipReason("No report of a subscription is due")
        config = {"ops": {report_mails.op.name: {"config": {"cadence": cadence}}}}
        return dg.RunRequest(run_config=config, tags={REQUESTED_BY_TAG: f"{cadence}_reports"})

    return schedule


report_schedules = (
    _report_schedule("daily", "0 7-23 * * *", "Sends daily reports, of the day before, from 07:00 UTC on."),
    _report_schedule(
        "weekly", "10 7-23 * * 1", "Sends weekly reports, of the week before, on Monday from 07:10 UTC on."
    ),
    _report_schedule(
        "monthly", "20 7 * * *", "Sends monthly reports at 07:20 UTC of the day on which their month is final."
    ),
)
"""Each period is sent once, whenever it is asked for. It waits for days that are not computed."""

pruning_schedule = dg.ScheduleDefinition(
    name="pruning",
    cron_schedule="30 2 * * *",
    execution_timezone="UTC",
    job=PRUNE,
    tags={REQUESTED_BY_TAG: "pruning"},
    # Nobody's files are deleted before somebody has looked at `usage-pipeline prune --dry-run`.
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="Removes what is past its term, at 02:30 UTC. Start it when you have read docs/retention.md.",
)

housekeeping_schedule = dg.ScheduleDefinition(
    name="housekeeping",
    cron_schedule="30 3 * * *",
    execution_timezone="UTC",
    job=CLEAN_UP,
    tags={REQUESTED_BY_TAG: "housekeeping"},
    # It removes the history of all runs in Dagster's database, whatever project they are of.
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="Removes what is no data, at 03:30 UTC. Start it when you have read docs/retention.md.",
)
