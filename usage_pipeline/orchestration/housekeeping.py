"""`housekeeping`: what the nightly job cleans up, and how large each place is, which the UI plots over time."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import dagster as dg

from usage_pipeline.orchestration.metadata import OWNERS
from usage_pipeline.orchestration.resources import StorageParam

if TYPE_CHECKING:
    from usage_pipeline.orchestration.clean_up import Cleaned


@dg.asset(
    group_name="retention",
    owners=OWNERS,
    kinds={"file", "postgres"},
    description=(
        "What piles up and is no data, removed; and the sizes of all places before and after.\n\n"
        "- It removes what killed writers left, and output, messages and events of transition of old runs.\n"
        "- Runs, materializations, observations and evaluations of checks stay, and all of runs under way.\n"
        "- Rows of usage are never touched: `retention_pruning` removes what is past its term."
    ),
)
def housekeeping(run_storage: StorageParam) -> dg.MaterializeResult[None]:
    """Clean up, and tell the sizes."""
    from usage_pipeline.orchestration.clean_up import clean_up  # noqa: PLC0415 - slow to import

    return dg.MaterializeResult(metadata=_numbers(clean_up(run_storage, lambda _: None)))


CLEAN_UP = dg.define_asset_job(
    "clean_up",
    selection=dg.AssetSelection.assets(housekeeping),
    description="Remove what piles up and is no data, and vacuum the databases.",
)


def _numbers(cleaned: Sequence["Cleaned"]) -> dict[str, int | None]:
    """The numbers, under names that stay the same: the UI plots each name over time."""
    from usage_pipeline.orchestration.clean_up import by_kind  # noqa: PLC0415 - slow to import

    return {
        **{f"{kind.replace(' ', '_')}s_removed": number for kind, number in by_kind(cleaned).items()},
        "removed_bytes": sum(row.removed_bytes for row in cleaned),
        **{f"{row.place}_bytes_before": row.bytes_before for row in cleaned},
        **{f"{row.place}_bytes_after": row.bytes_after for row in cleaned},
    }
