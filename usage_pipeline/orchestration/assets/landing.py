"""`landed_events`, by landing day: what arrived that day, validated line by line."""

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

import dagster as dg

from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.orchestration.assets.days import Outcome, days_of, each_batch
from usage_pipeline.orchestration.metadata import KINDS, definition_metadata, description, partition_metadata
from usage_pipeline.orchestration.partitions import BACKFILL_POLICY
from usage_pipeline.orchestration.resources import RUN_RESOURCES

if TYPE_CHECKING:
    from usage_pipeline.events.landing.committing import LandingResult

OWNERS = ["team:usage-platform"]


def landing_asset(partitions: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    """The asset that lands files; its partition is the landing day, not the day of the events."""

    @dg.asset(
        name=LANDED_EVENTS.name,
        description=description(LANDED_EVENTS),
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
        # Both are slow to import.
        from usage_pipeline.events.landing.land import DaysLanding  # noqa: PLC0415
        from usage_pipeline.orchestration.recent import chart_metadata, reject_metadata  # noqa: PLC0415

        def land(days: Sequence[date]) -> Outcome:
            (day,) = days
            landed = landing.land(day)
            _log(context, landed)
            return Outcome({day: _metadata(landed)})

        storage, last = context.resources.storage, context.partition_keys[-1]
        days = days_of(context)
        landing = DaysLanding(storage, days, context.run.run_id)
        result = each_batch(context, [[day] for day in days], land)
        recent = chart_metadata(storage, LANDED_EVENTS) | reject_metadata(storage, date.fromisoformat(last))
        context.add_asset_metadata(recent, partition_key=last)
        return result

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
    # The folders and not the files: those bear names of tenants, and metadata outlives erasure.
    for source in sorted({file.source for file in result.files}):
        metadata[f"{source}_files"] = dg.MetadataValue.path(f"landing/{source}/{result.day}")
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
