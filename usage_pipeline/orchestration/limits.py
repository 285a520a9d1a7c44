"""`limit_status`: the job that refreshes how limits stand, and the check that tells how many are over.

`run` refreshes as well. The job is for those who let the sensors compute, and because periods go by.
"""

import dagster as dg

from usage_pipeline.alerts.tables import ALERTS
from usage_pipeline.billing.tables import CLOSED_PERIODS
from usage_pipeline.costs.tables import DAILY_COSTS
from usage_pipeline.credits.tables import CREDIT_USAGE
from usage_pipeline.limits.tables import LIMIT_STATUS
from usage_pipeline.orchestration.inputs import LIMITS, TENANTS
from usage_pipeline.orchestration.metadata import table_spec
from usage_pipeline.orchestration.resources import StorageParam
from usage_pipeline.series.tables import CONVERSATION_STARTS, DAILY_USAGE
from usage_pipeline.words import count, is_or_are

# What is imported within the functions is slow to import.
# ruff: noqa: PLC0415

LIMITS_ARE_KEPT = dg.AssetCheckKey(dg.AssetKey(LIMIT_STATUS.name), "limits_are_kept")

_READ = (DAILY_USAGE.name, CONVERSATION_STARTS.name, DAILY_COSTS.name, CREDIT_USAGE.name, CLOSED_PERIODS.name)


LIMIT_STATUS_SPEC = table_spec(LIMIT_STATUS, "limits").replace_attributes(deps=[*_READ, TENANTS, LIMITS])
"""It is made together with `alerts`, from one measuring."""


@dg.asset_check(
    asset=LIMITS_ARE_KEPT.asset_key,
    name=LIMITS_ARE_KEPT.name,
    description="No limit is over: nobody has used more than the amount of a limit in its present period.",
)
def limits_are_kept(run_storage: StorageParam) -> dg.AssetCheckResult:
    """Count the limits that are over, and those that have reached a threshold."""
    from usage_pipeline.limits.refresh import read_standing

    # Limits are counted, not named: what Dagster keeps outlives the erasure of their tenants.
    found = read_standing(run_storage)
    observed = (
        f"{found.over:,} of {count(found.limits, 'limit')} {is_or_are(found.over)} over, {found.warned:,} more "
        f"{'has' if found.warned == 1 else 'have'} reached a threshold"
    )
    return dg.AssetCheckResult(
        passed=not found.over,
        severity=dg.AssetCheckSeverity.WARN,
        description=observed,
        metadata={"observed": observed, "expected": "0 limits are over", **vars(found)},
    )


REFRESH_LIMITS = dg.define_asset_job(
    "refresh_limits",
    selection=dg.AssetSelection.assets(LIMIT_STATUS.name, ALERTS.name) | dg.AssetSelection.checks(LIMITS_ARE_KEPT),
    description="Post to the ledger, refresh how limits stand, count those that are over, raise and end alerts.",
)
