"""`retention_pruning`: what the nightly job removes past its term, and the numbers of it."""

import dagster as dg

from usage_pipeline.events.record import CONTENT, REJECTED_LINES
from usage_pipeline.orchestration.inputs import TENANTS
from usage_pipeline.orchestration.metadata import OWNERS
from usage_pipeline.orchestration.resources import StorageParam
from usage_pipeline.records.tables import USAGE_RECORDS

# What is imported within the function is slow to import.
# ruff: noqa: PLC0415

RETENTION_PRUNING = "retention_pruning"
_SUMS = ("files", "texts", "records", "rejects", "bytes")


@dg.asset(
    name=RETENTION_PRUNING,
    deps=[CONTENT.name, REJECTED_LINES.name, USAGE_RECORDS.name, TENANTS],
    group_name="retention",
    owners=OWNERS,
    kinds={"file", "parquet"},
    description=(
        "Records, texts, rejected lines and landing files past the terms of their tenants' plans, removed.\n\n"
        "- Rollups, series and costs stay as they are.\n"
        "- Nothing of a tenant on legal hold is removed.\n"
        "- An unusual share, or something recent, needs `usage-pipeline prune --confirm`."
    ),
)
def retention_pruning(context: dg.AssetExecutionContext, run_storage: StorageParam) -> dg.MaterializeResult[None]:
    """Remove what is past its term, unless that is unusually much."""
    from usage_pipeline.errors import PruningError
    from usage_pipeline.pipeline.tables import DAILY_TABLES
    from usage_pipeline.retention import pruning

    found = pruning.plan(run_storage)
    try:
        pruning.expect_usual(run_storage, found)
    except PruningError as error:
        raise dg.Failure(str(error), allow_retries=False) from None
    outcome = pruning.prune(run_storage, DAILY_TABLES, found, RETENTION_PRUNING)
    for day in outcome.removed:
        context.log.info(
            "%s: %d landing files, %d texts, %d records, %d rejected lines",
            *(day.day, day.files, day.texts, day.records, day.rejects),
        )
    if outcome.problems:
        raise dg.Failure("\n".join(outcome.problems), allow_retries=False)
    sums = {name: sum(getattr(day, name) for day in outcome.removed) for name in _SUMS}
    return dg.MaterializeResult(metadata={"landing_days": len(outcome.removed), **sums})


PRUNE = dg.define_asset_job(
    "prune",
    selection=dg.AssetSelection.assets(retention_pruning),
    description="Remove records, texts, rejected lines and landing files past their term.",
)
