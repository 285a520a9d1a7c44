"""What others write and people edit, as assets that Dagster does not make, and the checks of these files."""

from collections.abc import Sequence

import dagster as dg

from usage_pipeline.alerts.alert_file import ALERTS_FILE
from usage_pipeline.billing.ledger.grant_file import GRANTS_FILE
from usage_pipeline.delivery.channel_file import CHANNELS_FILE
from usage_pipeline.errors import UsagePipelineError
from usage_pipeline.events.landing.scan import Misplaced, without_tenant
from usage_pipeline.insights.anomalies.holidays import HOLIDAYS_FILE
from usage_pipeline.limits.limit_file import LIMITS_FILE
from usage_pipeline.orchestration.metadata import OWNERS, table_value
from usage_pipeline.orchestration.resources import StorageParam
from usage_pipeline.settings import Settings
from usage_pipeline.tenants.reference import TENANTS_FILE
from usage_pipeline.words import count, is_or_are


def _input(name: str, group: str, kind: str, description: str) -> dg.AssetSpec:
    return dg.AssetSpec(name, description=description, group_name=group, owners=OWNERS, kinds={kind})


LANDING_FOLDER = _input(
    "landing_folder",
    "landing",
    "file",
    "The log files that the platforms deliver: `landing/<source>/<landing day>/[<tenant>/]<file>`. Only pruning "
    "and erasure delete something here.",
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
CREDIT_RATES = _input(
    "credit_rates",
    "credits",
    "yaml",
    "The credits of operations, by date: `credit_rates.yaml` in the reference directory. A rated day keeps its "
    "rates.",
)
GRANTS = _input(
    "grants",
    "credits",
    "yaml",
    "Credits that tenants bought or were given: `grants.yaml` in the reference directory. An entry is imported "
    "once, by its id, and never changes.",
)
TENANTS = _input(
    "tenants",
    "landing",
    "yaml",
    "The tenants and their plans, in the reference directory: retention at landing, and billing periods.",
)
LIMITS = _input(
    "limits",
    "limits",
    "yaml",
    "How much may be used, by whom and in which period: `limits.yaml` in the reference directory. A change "
    "applies to the present period at once.",
)
ALERT_CHANNELS = _input(
    "alert_channels",
    "limits",
    "yaml",
    f"Who is told of alerts on data: `{ALERTS_FILE}` in the reference directory. A change applies to what is "
    "raised or resolved afterwards.",
)
REPORT_SUBSCRIPTIONS = _input(
    "report_subscriptions",
    "reports",
    "yaml",
    "Which reports people get by e-mail, and how often: `report_subscriptions.yaml` in the reference directory.",
)

CHANNELS = _input(
    "channels",
    "limits",
    "yaml",
    "By which ways messages are sent: `channels.yaml` in the reference directory. A change applies to what is "
    "sent afterwards.",
)

HOLIDAYS = _input(
    "holidays",
    "insights",
    "yaml",
    f"Days on which less use than usual is no surprise: `{HOLIDAYS_FILE}` in the reference directory. A change "
    "applies to anomalies that are looked for afterwards.",
)

EDITED = (
    *(FORMATS, PRICES, CREDIT_RATES, GRANTS, TENANTS),
    *(LIMITS, ALERT_CHANNELS, CHANNELS, REPORT_SUBSCRIPTIONS, HOLIDAYS),
)
"""What people edit."""

INPUTS = (LANDING_FOLDER, *EDITED)

FILES_ARE_IN_PLACE, IS_VALID = "files_are_in_place", "is_valid"

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
    observed = f"{count(len(misplaced), 'entry')} {is_or_are(len(misplaced))} misplaced and passed over"
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


def _validity_check(asset: dg.AssetSpec) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=asset.key,
        name=IS_VALID,
        description="Every entry of the file can be used. The sensor `arrivals` evaluates it when it changes.",
    )
    def is_valid(run_storage: StorageParam) -> dg.AssetCheckResult:
        found = _validity(asset, run_storage.settings)
        return dg.AssetCheckResult(
            passed=found.passed, severity=found.severity, description=found.description, metadata=found.metadata
        )

    return is_valid


VALIDITY_CHECKS = tuple(map(_validity_check, EDITED))


def validities(settings: Settings) -> list[dg.AssetCheckEvaluation]:
    """The evaluations of these checks, now."""
    return [_validity(asset, settings) for asset in EDITED]


def _validity(asset: dg.AssetSpec, settings: Settings) -> dg.AssetCheckEvaluation:
    from usage_pipeline.pipeline.edited_files import DESCRIPTIONS  # noqa: PLC0415 - slow to import

    try:
        observed, passed = DESCRIPTIONS[asset.key.to_user_string()](settings), True
    except UsagePipelineError as error:
        observed, passed = without_tenants(str(error)), False
    return dg.AssetCheckEvaluation(
        asset_key=asset.key,
        check_name=IS_VALID,
        passed=passed,
        severity=dg.AssetCheckSeverity.ERROR,
        description=observed,
        metadata={"observed": observed, "expected": "every entry can be used"},
    )


_SUBSCRIPTIONS_FILE = f"{REPORT_SUBSCRIPTIONS.key.to_user_string()}.yaml"
_NAMING_PEOPLE = (GRANTS_FILE, TENANTS_FILE, LIMITS_FILE, CHANNELS_FILE, HOLIDAYS_FILE, _SUBSCRIPTIONS_FILE)
"""Their entries name tenants and people, and what Dagster keeps outlives their erasure."""


def without_tenants(problem: str) -> str:
    """Say of a file whose entries name people only that it is broken; a problem of any other as it is."""
    named = next((name for name in _NAMING_PEOPLE if name in problem), None)
    return f"{named} is broken; `usage-pipeline doctor` says where" if named else problem


def says_of_misplaced(misplaced: Sequence[Misplaced]) -> str:
    """What the reason of a sensor adds about misplaced entries; nothing if there are none."""
    if not misplaced:
        return ""
    named = [f"{without_tenant(entry.path)}: {entry.problem}" for entry in misplaced[:SHOWN_IN_A_REASON]]
    rest = [f"and {len(misplaced) - SHOWN_IN_A_REASON} more"] if len(misplaced) > SHOWN_IN_A_REASON else []
    return f". Passed over: {'; '.join([*named, *rest])}"
