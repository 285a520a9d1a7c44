"""The event-day assets: one per table of the flow, all made the same way from its declaration."""

from datetime import date

import dagster as dg

from usage_pipeline.orchestration.assets.days import Metadata, each_day
from usage_pipeline.orchestration.assets.landing import OWNERS
from usage_pipeline.orchestration.metadata import KINDS, definition_metadata, partition_metadata
from usage_pipeline.orchestration.partitions import BACKFILL_POLICY
from usage_pipeline.orchestration.resources import RUN_RESOURCES
from usage_pipeline.storage.daily import DailyTable


def daily_asset(
    table: DailyTable,
    group: str,
    partitions: dg.PartitionsDefinition[str],
    freshness: dg.FreshnessPolicy | None = None,
) -> dg.AssetsDefinition:
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
        freshness_policy=freshness,
        required_resource_keys=RUN_RESOURCES,
    )
    def compute(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        # Both are slow to import.
        from usage_pipeline.orchestration.lineage import column_lineage  # noqa: PLC0415
        from usage_pipeline.storage.compute import compute_partition  # noqa: PLC0415

        def compute_day(day: date) -> Metadata:
            partition = compute_partition(context.resources.storage, table, day, context.run.run_id)
            return partition_metadata(partition)

        # Metadata of the result is stored once per partition; the UI shows the lineage of the latest.
        lineage = {"dagster/column_lineage": column_lineage(table)}
        context.add_asset_metadata(lineage, partition_key=context.partition_keys[-1])
        return each_day(context, compute_day)

    return compute
