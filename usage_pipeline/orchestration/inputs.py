"""What others write and people edit, as assets that Dagster does not make, and the check of the landing folder."""

from collections.abc import Sequence

import dagster as dg

from usage_pipeline.events.landing.scan import Misplaced, without_tenant
from usage_pipeline.orchestration.metadata import OWNERS, table_value
from usage_pipeline.orchestration.resources import StorageParam


def _input(name: str, group: str, kind: str, description: str) -> dg.AssetSpec:
    return dg.AssetSpec(name, description=description, group_name=group, owners=OWNERS, kinds={kind})


LANDING_FOLDER = _input(
    "landing_folder",
    "landing",
    "file",
    "The log files that the platforms deliver: `landing/<source>/<landing day>/[<tenant>/]<file>`. The pipeline "
    "writes and deletes nothing here.",
)
FORMATS = _input(
    "formats",
    "landing",
    "yaml",
    "How each source names its fields: the shipped formats, and your own in `USAGE_FORMATS_DIR`. A changed format "
    "changes no landed day until it is landed again.",
)
PRICES = _input(
    "prices",
    "costs",
    "yaml",
    "The prices of models: `prices.yaml` in the reference directory, then the catalogue. A rated day keeps its "
    "prices.",
)
TENANTS = _input(
    "tenants",
    "landing",
    "yaml",
    "The tenants and their plans, in the reference directory: retention at landing, and billing periods.",
)

INPUTS = (LANDING_FOLDER, FORMATS, PRICES, TENANTS)

FILES_ARE_IN_PLACE = "files_are_in_place"

SHOWN_IN_A_REASON = 3


@dg.asset_check(
    asset=LANDING_FOLDER.key,
    name=FILES_ARE_IN_PLACE,
    description="Every entry of the landing folder is a landing file of a known source and a possible day. The "
    "sensor `arrivals` evaluates it when that changes.",
)
def files_are_in_place(run_storage: StorageParam) -> dg.AssetCheckResult:
    """Scan the landing folder now."""
    from usage_pipeline.pipeline.landing_work import scan  # noqa: PLC0415 - slow to import

    found = placement(scan(run_storage).misplaced)
    return dg.AssetCheckResult(
        passed=found.passed, severity=found.severity, description=found.description, metadata=found.metadata
    )


def placement(misplaced: Sequence[Misplaced]) -> dg.AssetCheckEvaluation:
    """The evaluation of the check, given the entries that are misplaced."""
    observed = f"{len(misplaced):,} entries are misplaced and passed over"
    rows = [{"entry": without_tenant(entry.path), "problem": entry.problem} for entry in misplaced]
    return dg.AssetCheckEvaluation(
        asset_key=LANDING_FOLDER.key,
        check_name=FILES_ARE_IN_PLACE,
        passed=not misplaced,
        severity=dg.AssetCheckSeverity.WARN,
        description=observed,
        metadata={
            "observed": observed,
            "expected": "0 entries are misplaced",
            "misplaced": len(misplaced),
            **({"details": table_value(rows)} if rows else {}),
        },
    )


def says_of_misplaced(misplaced: Sequence[Misplaced]) -> str:
    """What the reason of a sensor adds about misplaced entries; nothing if there are none."""
    if not misplaced:
        return ""
    named = [f"{without_tenant(entry.path)}: {entry.problem}" for entry in misplaced[:SHOWN_IN_A_REASON]]
    rest = [f"and {len(misplaced) - SHOWN_IN_A_REASON} more"] if len(misplaced) > SHOWN_IN_A_REASON else []
    return f". Passed over: {'; '.join([*named, *rest])}"
