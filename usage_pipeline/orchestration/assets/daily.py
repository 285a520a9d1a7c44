"""The event-day assets: one per table of the flow, all made the same way from its declaration."""

from datetime import date

import dagster as dg

from usage_pipeline.costs.tables import DAILY_COSTS
from usage_pipeline.orchestration.assets.landing import OWNERS
from usage_pipeline.orchestration.metadata import KINDS, definition_metadata, partition_metadata
from usage_pipeline.orchestration.partitions import BACKFILL_POLICY
from usage_pipeline.orchestration.resources import PROGRESS, STORAGE
from usage_pipeline.storage.daily import DailyTable

_PRICE_BOOK = {
    "price_book": dg.Field(
        dg.Enum("PriceBook", [dg.EnumValue("decided"), dg.EnumValue("current")]),
        default_value="decided",
        description="`current` rates the days anew, by the prices of now; else rated days keep their prices.",
    )
}


def _rerate_if_asked(context: dg.AssetExecutionContext) -> None:
    from usage_pipeline.costs.rerating import rerate  # noqa: PLC0415 - slow to import

    if context.op_execution_context.op_config["price_book"] == "current":
        rerate(context.resources.storage, [date.fromisoformat(key) for key in context.partition_keys])


def daily_asset(table: DailyTable, group: str, partitions: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    """The asset of one event-day table. Each day is committed by itself: a failed day undoes no other."""

    @dg.asset(
        name=table.name,
        description=table.spec.description,
        deps=table.upstream,
        owners=OWNERS,
        kinds=KINDS[table.spec.zone],
        group_name=group,
        tags={"partitioned_by": table.spec.partitioned_by.value},
        metadata=definition_metadata(table.spec),
        code_version=table.code_version,
        partitions_def=partitions,
        backfill_policy=BACKFILL_POLICY,
        required_resource_keys={STORAGE, PROGRESS},
        config_schema=_PRICE_BOOK if table is DAILY_COSTS else None,
    )
    def compute(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        # Both are slow to import.
        from usage_pipeline.orchestration.lineage import column_lineage  # noqa: PLC0415
        from usage_pipeline.storage.compute import compute_partition  # noqa: PLC0415

        if table is DAILY_COSTS:
            _rerate_if_asked(context)
        for key in context.partition_keys:
            partition = compute_partition(
                context.resources.storage, table, date.fromisoformat(key), context.run.run_id
            )
            context.add_asset_metadata(partition_metadata(partition), partition_key=key)
            context.resources.progress(partition.day)
        # Metadata of the result is stored once per partition; the UI shows the lineage of the latest.
        lineage = {"dagster/column_lineage": column_lineage(table)}
        context.add_asset_metadata(lineage, partition_key=context.partition_keys[-1])
        return dg.MaterializeResult()

    return compute
