"""`credit_ledger`: what the nightly job posts, and the check that computes every balance again.

`run` and the command `grant` post as well. The job is for those who let the sensors compute.
"""

from datetime import timedelta

import dagster as dg

from usage_pipeline.billing.ledger.tables import CREDIT_LEDGER
from usage_pipeline.billing.tables import CLOSED_PERIODS
from usage_pipeline.clock import days_between
from usage_pipeline.credits.tables import CREDIT_SECONDS
from usage_pipeline.orchestration.charts import chart_of_stock
from usage_pipeline.orchestration.inputs import GRANTS, TENANTS
from usage_pipeline.orchestration.metadata import table_spec
from usage_pipeline.orchestration.resources import StorageParam

# What is imported within the functions is slow to import.
# ruff: noqa: PLC0415

LEDGER_IS_BALANCED = dg.AssetCheckKey(dg.AssetKey(CREDIT_LEDGER.name), "ledger_is_balanced")


@dg.multi_asset(
    name=CREDIT_LEDGER.name,
    specs=[
        table_spec(CREDIT_LEDGER, "credits").replace_attributes(
            deps=[CREDIT_SECONDS.name, CLOSED_PERIODS.name, TENANTS, GRANTS], kinds={"postgres"}
        )
    ],
)
def credit_ledger(context: dg.AssetExecutionContext, run_storage: StorageParam) -> dg.MaterializeResult[None]:
    """Post what the ledger lacks."""
    from usage_pipeline.billing.ledger.ledger import balances_by_day, count_rows
    from usage_pipeline.billing.ledger.posting import post
    from usage_pipeline.pipeline.plots import RECENT_DAYS

    posted = post(run_storage)
    context.log.info("Posted %d rows.", posted)
    today = run_storage.settings.clock.today
    with run_storage.warehouse.connect() as connection:
        rows = count_rows(connection)
        left = balances_by_day(connection, days_between(today - timedelta(days=RECENT_DAYS - 1), today))
    picture = chart_of_stock("credits left of all grants, all tenants", {day: float(left[day]) for day in left})
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": rows,
            "newly_posted": posted,
            f"last_{RECENT_DAYS}_days": dg.MetadataValue.md(picture),
        }
    )


@dg.asset_check(
    asset=LEDGER_IS_BALANCED.asset_key,
    name=LEDGER_IS_BALANCED.name,
    description="For every tenant the ledger is what grants and usage come to, and both of its identities hold.",
)
def ledger_is_balanced(run_storage: StorageParam) -> dg.AssetCheckResult:
    """Compute the ledgers of all tenants again."""
    from usage_pipeline.billing.ledger.posting import ledger_state

    state = ledger_state(run_storage)
    observed = f"{max(state.apart, state.unbalanced):,} of {state.tenants:,} tenants differ"
    return dg.AssetCheckResult(
        passed=not state.apart and not state.unbalanced,
        severity=dg.AssetCheckSeverity.ERROR,
        description=observed,
        # Tenants are counted, not named: what Dagster keeps outlives their erasure.
        metadata={"observed": observed, "expected": "0 tenants differ", **vars(state)},
    )
