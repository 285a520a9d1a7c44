"""`landed_events`, by landing day: what arrived that day, judged line by line."""

from datetime import date
from typing import TYPE_CHECKING

import dagster as dg

from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.orchestration.assets.days import Metadata, each_day
from usage_pipeline.orchestration.metadata import KINDS, definition_metadata, partition_metadata
from usage_pipeline.orchestration.partitions import BACKFILL_POLICY
from usage_pipeline.orchestration.resources import RUN_RESOURCES

if TYPE_CHECKING:
    from usage_pipeline.events.landing.land import LandingResult

OWNERS = ["team:usage-platform"]


def landing_asset(partitions: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    """The asset that lands files; its partition is the landing day, not the day of the events."""

    @dg.asset(
        name=LANDED_EVENTS.name,
        description=LANDED_EVENTS.description,
        owners=OWNERS,
        kinds=KINDS[LANDED_EVENTS.zone],
        group_name="landing",
        tags={"partitioned_by": LANDED_EVENTS.partitioned_by.value},
        metadata=definition_metadata(LANDED_EVENTS),
        partitions_def=partitions,
        backfill_policy=BACKFILL_POLICY,
        required_resource_keys=RUN_RESOURCES,
    )
    def landed_events(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        from usage_pipeline.events.landing.land import land_day  # noqa: PLC0415 - slow to import

        def land(day: date) -> Metadata:
            result = land_day(context.resources.storage, day, context.run.run_id)
            _log(context, result)
            return _metadata(result)

        return each_day(context, land)

    return landed_events


def _metadata(result: "LandingResult") -> dict[str, dg.MetadataValue]:
    counts = {
        "files": len(result.files),
        "unusable_files": len(result.unusable),
        "lines": sum(file.lines for file in result.files),
        "accepted_lines": sum(file.accepted for file in result.files),
        "rejected_lines": sum(file.rejected for file in result.files),
    }
    metadata: dict[str, dg.MetadataValue] = {name: dg.MetadataValue.int(count) for name, count in counts.items()}
    return metadata | (partition_metadata(result.partition) if result.partition else {})


def _log(context: dg.AssetExecutionContext, result: "LandingResult") -> None:
    if not result.files:
        context.log.warning("%s has no landing folder with files: nothing was landed", result.day)
    for file in result.unusable:
        context.log.error("%s is %s and counts nowhere: %s", file.path, file.state, file.error)
    for file in result.files:
        if file.rejected:
            context.log.warning(
                "%s: %d of %d lines were rejected; `usage-pipeline rejects --file` shows them",
                file.path,
                file.rejected,
                file.lines,
            )
