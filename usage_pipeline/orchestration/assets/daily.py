"""The event-day assets: one per table of the flow, all made the same way from its declaration."""

from collections.abc import Sequence
from datetime import date

import dagster as dg

from usage_pipeline.costs.tables import DAILY_COSTS
from usage_pipeline.orchestration.assets.days import Outcome, days_of, each_batch
from usage_pipeline.orchestration.assets.landing import OWNERS
from usage_pipeline.orchestration.metadata import KINDS, definition_metadata, description, partition_metadata
from usage_pipeline.orchestration.partitions import BACKFILL_POLICY
from usage_pipeline.orchestration.resources import RUN_RESOURCES
from usage_pipeline.storage.daily import DailyTable

_PRICE_BOOK = {
    "price_book": dg.Field(
        dg.Enum("PriceBook", [dg.EnumValue("pinned"), dg.EnumValue("current")]),
        default_value="pinned",
        description="`current` rates the days again, by today's prices; otherwise rated days keep their prices.",
    )
}


def _rerate_if_asked(context: dg.AssetExecutionContext) -> None:
    from usage_pipeline.costs.book.current import rerate  # noqa: PLC0415 - slow to import

    if context.op_execution_context.op_config["price_book"] == "current":
        rerate(context.resources.storage, days_of(context))


def daily_asset(
    table: DailyTable,
    group: str,
    partitions: dg.PartitionsDefinition[str],
    freshness: dg.FreshnessPolicy | None = None,
) -> dg.AssetsDefinition:
    """The asset of one event-day table. Each day is committed by itself: a failed day undoes no other."""

    @dg.asset(
        name=table.name,
        description=description(table.spec),
        deps=table.upstream,
        owners=OWNERS,
        kinds=KINDS[table.spec.zone],
        group_name=group,
        tags={"partitioned_by": table.spec.partitioned_by.value},
        metadata=definition_metadata(table.spec),
        code_version=table.code_version,
        partitions_def=partitions,
        backfill_policy=BACKFILL_POLICY,
        freshness_policy=freshness,
        required_resource_keys=RUN_RESOURCES,
        config_schema=_PRICE_BOOK if table is DAILY_COSTS else None,
    )
    def compute(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        # All are slow to import.
        from usage_pipeline.orchestration.lineage import lineage_metadata  # noqa: PLC0415
        from usage_pipeline.orchestration.recent import chart_metadata  # noqa: PLC0415
        from usage_pipeline.storage.batches import batches  # noqa: PLC0415
        from usage_pipeline.storage.compute import compute_days  # noqa: PLC0415

        def work(days: Sequence[date]) -> Outcome:
            computed = compute_days(storage, table, days, context.run.run_id)
            told = {day: partition_metadata(partition) for day, partition in computed.partitions.items()}
            return Outcome(told, dict(computed.failures))

        storage = context.resources.storage
        if table is DAILY_COSTS:
            _rerate_if_asked(context)
        result = each_batch(context, batches(storage, days_of(context)), work)
        # Metadata of the result is stored once per partition; the UI shows lineage and chart of the latest.
        recent = chart_metadata(storage, table.spec, table.charted)
        context.add_asset_metadata(lineage_metadata(table) | recent, partition_key=context.partition_keys[-1])
        return result

    return compute
