"""The event-day assets: one per table of the flow, all made the same way from its declaration."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import cache

import dagster as dg

from usage_pipeline.costs.tables import COST_DRIFT, DAILY_COSTS
from usage_pipeline.credits.tables import CREDIT_SECONDS, CREDIT_USAGE
from usage_pipeline.orchestration.assets.days import Outcome, days_of, each_batch, skip_days
from usage_pipeline.orchestration.assets.run_config import RUN_CONFIGS
from usage_pipeline.orchestration.inputs import CREDIT_RATES, PRICES
from usage_pipeline.orchestration.jobs import BACKFILL_POLICY
from usage_pipeline.orchestration.metadata import daily_spec, partition_metadata
from usage_pipeline.orchestration.resources import ProgressParam, StorageParam
from usage_pipeline.series.tables import CONVERSATION_SERIES, MESSAGE_SERIES, TOKEN_SERIES
from usage_pipeline.settings import Settings
from usage_pipeline.storage.daily import DailyTable

_FURTHER: Mapping[str, Sequence[dg.AssetSpec | str]] = {
    DAILY_COSTS.name: (PRICES,),
    COST_DRIFT.name: (DAILY_COSTS.name,),
    CREDIT_USAGE.name: (CREDIT_RATES,),
    CREDIT_SECONDS.name: (CREDIT_USAGE.name,),
}
"""What tables depend on besides the tables that they read: files which people edit, and the prices and rates of a
day, which its first table decides. So a broken file is told once, by that table."""

_SERIES = (TOKEN_SERIES, CONVERSATION_SERIES, MESSAGE_SERIES)


def daily_asset(
    table: DailyTable, group: str, partitions: dg.PartitionsDefinition[str], settings: Settings
) -> dg.AssetsDefinition:
    """The asset of one event-day table. Each day is committed by itself: a failed day undoes no other."""
    config = RUN_CONFIGS.get(table.name)

    @dg.multi_asset(
        name=table.name,
        specs=[
            daily_spec(
                table,
                group,
                _freshness(settings.due_after_hours) if table in _SERIES else None,
                _FURTHER.get(table.name, ()),
            )
        ],
        partitions_def=partitions,
        backfill_policy=BACKFILL_POLICY,
        config_schema=config.to_fields_dict() if config else None,
    )
    def compute(
        context: dg.AssetExecutionContext, run_storage: StorageParam, progress: ProgressParam
    ) -> Iterator[dg.MaterializeResult[None]]:
        # All are slow to import.
        from usage_pipeline.orchestration.lineage import lineage_metadata  # noqa: PLC0415
        from usage_pipeline.orchestration.recent import chart_metadata  # noqa: PLC0415
        from usage_pipeline.pipeline.plots import plotted_numbers  # noqa: PLC0415
        from usage_pipeline.pipeline.refresh import days_with_data  # noqa: PLC0415
        from usage_pipeline.storage.batches import batches  # noqa: PLC0415
        from usage_pipeline.storage.compute import compute_days  # noqa: PLC0415

        def work(days: Sequence[date]) -> Outcome:
            computed = compute_days(run_storage, table, days, context.run.run_id)
            plotted = plotted_numbers(run_storage, table, computed.partitions.keys())
            done = {
                (day, table.name): {**plotted[day], **partition_metadata(found)}
                for day, found in computed.partitions.items()
            }
            return Outcome(done, dict(computed.failures))

        come, known = days_of(context, run_storage.settings.clock.today), days_with_data(run_storage)
        skip_days(context, [day for day in come if day not in known], "nothing of it has landed")
        days = [day for day in come if day in known]
        if not days:
            return
        if config:
            config(**context.op_execution_context.op_config).prepare(run_storage, days)
        each_batch(context, progress, batches(run_storage, days), work)
        # Metadata of the result is stored once per partition; the UI shows lineage and chart of the latest.
        recent = chart_metadata(run_storage, table.spec, table.charted)
        context.add_asset_metadata(lineage_metadata(table) | recent, partition_key=str(days[-1]))
        yield dg.MaterializeResult()

    return compute


@cache
def _freshness(hours: int) -> dg.FreshnessPolicy:
    """Computed after midnight UTC, by the schedule `yesterday`, and before the day is overdue, after these hours.

    Dagster goes through a thousand days of the policy to see that it can hold.
    """
    return dg.FreshnessPolicy.cron(
        deadline_cron=f"0 {hours} * * *", lower_bound_delta=timedelta(hours=hours), timezone="UTC"
    )
