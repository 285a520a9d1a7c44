"""`closed_periods`: what the nightly job closes, and the check that lists what is blocked.

`run` closes at its end as well. The job is for those who let the sensors compute, and for periods that become due
on a day on which nothing lands.
"""

from typing import TYPE_CHECKING

import dagster as dg

from usage_pipeline.billing.ledger.tables import CREDIT_LEDGER
from usage_pipeline.billing.tables import CLOSED_PERIODS
from usage_pipeline.costs.tables import TENANT_COSTS
from usage_pipeline.orchestration.inputs import TENANTS
from usage_pipeline.orchestration.ledger import LEDGER_IS_BALANCED
from usage_pipeline.orchestration.metadata import SHOWN_ROWS, markdown_table, table_spec
from usage_pipeline.orchestration.resources import StorageParam
from usage_pipeline.words import count, is_or_are

if TYPE_CHECKING:
    from usage_pipeline.billing.due_periods import DuePeriod

# What is imported within the functions is slow to import.
# ruff: noqa: PLC0415

PERIODS_CLOSE = dg.AssetCheckKey(dg.AssetKey(TENANT_COSTS.name), "periods_close")

_COLUMNS = ("First day", "Last day", "Tenants", "Blocked by")


@dg.multi_asset(
    name=CLOSED_PERIODS.name,
    specs=[
        table_spec(CLOSED_PERIODS, "billing").replace_attributes(
            deps=[TENANT_COSTS.name, TENANTS], kinds={"postgres"}
        )
    ],
)
def closed_periods(context: dg.AssetExecutionContext, run_storage: StorageParam) -> dg.MaterializeResult[None]:
    """Close what is due."""
    from usage_pipeline.billing.closing import count_closed
    from usage_pipeline.billing.due_periods import close_due

    closed = close_due(run_storage)
    context.log.info("Closed %d billing periods.", len(closed))
    with run_storage.warehouse.connect() as connection:
        rows = count_closed(connection)
    return dg.MaterializeResult(metadata={"dagster/row_count": rows, "newly_closed": len(closed)})


@dg.asset_check(
    asset=PERIODS_CLOSE.asset_key,
    name=PERIODS_CLOSE.name,
    additional_deps=[closed_periods],
    description="Nothing blocks the closing of a billing period whose last day is final.",
)
def periods_close(run_storage: StorageParam) -> dg.AssetCheckResult:
    """Look at the periods of all tenants, whatever the days of the run."""
    from usage_pipeline.billing.due_periods import due_periods

    blocked = [due for due in due_periods(run_storage) if due.blocked_by]
    tenants = sum(len(due.tenants) for due in blocked)
    observed = f"{count(tenants, 'period')} {is_or_are(tenants)} blocked" + (
        f": {_reason(blocked[0])}" if blocked else ""
    )
    return dg.AssetCheckResult(
        passed=not blocked,
        severity=dg.AssetCheckSeverity.WARN,
        description=observed,
        metadata={
            "observed": observed,
            "expected": "0 periods are blocked",
            "periods": dg.MetadataValue.md(markdown_table(_COLUMNS, [*map(_row, blocked)], SHOWN_ROWS)),
        },
    )


CLOSE_PERIODS = dg.define_asset_job(
    "close_periods",
    selection=dg.AssetSelection.assets(closed_periods, CREDIT_LEDGER.name)
    | dg.AssetSelection.checks(PERIODS_CLOSE, LEDGER_IS_BALANCED),
    description=(
        "Close the billing periods whose last day is final, unless something blocks them, and post to the ledger "
        "of credits."
    ),
)


def _reason(due: "DuePeriod") -> str:
    return f"{due.period.first} to {due.period.last} by {'; '.join(due.blocked_by)}"


def _row(due: "DuePeriod") -> tuple[str, ...]:
    # Tenants are counted, not named: what Dagster keeps outlives their erasure.
    return str(due.period.first), str(due.period.last), f"{len(due.tenants):,}", "; ".join(due.blocked_by)
