"""`landed_events`, `content` and `rejected_lines`, by landing day: one step makes all three of the files."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

import dagster as dg

from usage_pipeline.events.landing.scan import KnownFiles, without_tenant
from usage_pipeline.events.record import CONTENT, LANDED_EVENTS, LANDING_TABLES, REJECTED_LINES
from usage_pipeline.orchestration.assets.days import Outcome, days_of, each_batch, skip_days
from usage_pipeline.orchestration.calendar import note_first_day
from usage_pipeline.orchestration.inputs import FORMATS, LANDING_FOLDER, TENANTS
from usage_pipeline.orchestration.jobs import BACKFILL_POLICY, KNOWN_FILES_TAG
from usage_pipeline.orchestration.metadata import NO_MAPPING, ROW_COUNT, Metadata, partition_metadata, table_spec
from usage_pipeline.orchestration.resources import ProgressParam, StorageParam

if TYPE_CHECKING:
    from usage_pipeline.events.landing.committing import LandingResult
    from usage_pipeline.storage.opened import Storage


def landing_assets(partitions: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    """The assets of landing; their partition is the landing day, not the day of the events.

    They cannot be made one by one: a file lands as a whole.
    """

    @dg.multi_asset(
        name="land",
        specs=[
            spec.replace_attributes(skippable=True, deps=[LANDING_FOLDER, FORMATS, TENANTS])
            for spec in (
                table_spec(LANDED_EVENTS, "landing", NO_MAPPING),
                table_spec(CONTENT, "landing"),
                table_spec(REJECTED_LINES, "landing"),
            )
        ],
        partitions_def=partitions,
        backfill_policy=BACKFILL_POLICY,
    )
    def land(
        context: dg.AssetExecutionContext, run_storage: StorageParam, progress: ProgressParam
    ) -> Iterator[dg.MaterializeResult[None]]:
        # All are slow to import.
        from usage_pipeline.events.landing.land import DaysLanding  # noqa: PLC0415
        from usage_pipeline.orchestration.recent import chart_metadata, reject_metadata  # noqa: PLC0415
        from usage_pipeline.pipeline.refresh import first_day_with_data  # noqa: PLC0415

        def work(days: Sequence[date]) -> Outcome:
            (day,) = days
            landed = landing.land(day)
            _log(context, landed)
            if landed.partition is None:
                without_files.append(day)
                return Outcome()
            return Outcome({(day, name): told for name, told in _metadata(run_storage, landed).items()})

        days = days_of(context, run_storage.settings.clock.today)
        if not days:
            return
        without_files: list[date] = []
        known_files = KnownFiles(context.run.tags.get(KNOWN_FILES_TAG, KnownFiles.AGAIN.value))
        landing = DaysLanding(run_storage, days, context.run.run_id, known_files)
        each_batch(context, progress, [[day] for day in days], work)
        note_first_day(run_storage.settings, first_day_with_data(run_storage))
        skip_days(context, without_files, "it has no landing folder with files")
        landed_days = sorted(set(days).difference(without_files))
        if not landed_days:
            return
        recent = chart_metadata(run_storage, LANDED_EVENTS) | reject_metadata(run_storage, landed_days[-1])
        context.add_asset_metadata(recent, asset_key=LANDED_EVENTS.name, partition_key=str(landed_days[-1]))
        for table in LANDING_TABLES:
            yield dg.MaterializeResult(asset_key=table.name)

    return land


def _metadata(storage: "Storage", result: "LandingResult") -> dict[str, Metadata]:
    """The numbers of a landing day."""
    landed: Metadata = {
        "files": len(result.files),
        "unusable_files": len(result.unusable),
        "lines": sum(file.lines for file in result.files),
        "accepted_lines": sum(file.accepted for file in result.files if file.counts),
        "skipped_lines": sum(file.skipped for file in result.files),
        "superseded_lines": sum(file.superseded for file in result.files),
        "rejected_lines": sum(file.rejected for file in result.files),
    }
    # The folders and not the files: those bear names of tenants, and metadata outlives erasure.
    for source in sorted({file.source for file in result.files}):
        landed[f"{source}_files"] = dg.MetadataValue.path(f"landing/{source}/{result.day}")
    assert result.partition is not None  # noqa: S101 - a day with files has one
    return {
        LANDED_EVENTS.name: landed | partition_metadata(result.partition),
        **{table.name: {ROW_COUNT: storage.lake.rows(table, result.day)} for table in (CONTENT, REJECTED_LINES)},
    }


def _log(context: dg.AssetExecutionContext, result: "LandingResult") -> None:
    for file in result.unusable:
        context.log.error("%s is %s and counts nowhere: %s", without_tenant(file.path), file.state, file.error)
    for file in result.files:
        if file.rejected:
            context.log.warning(
                "%s: %d of %d lines were rejected; `usage-pipeline rejects` shows them",
                without_tenant(file.path),
                file.rejected,
                file.lines,
            )
        if file.uncompared:
            context.log.warning(
                "%s: %d of %d superseded lines have no number by which `repeats` compares them",
                without_tenant(file.path),
                file.uncompared,
                file.superseded,
            )
