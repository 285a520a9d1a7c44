"""Closing what is due: the job that does it every night, and the check that lists what is blocked.

`run` closes at its end as well. The job is for those who let the sensors compute, and for periods that become due
on a day on which nothing lands.
"""

from typing import TYPE_CHECKING

import dagster as dg

from usage_pipeline.costs.tables import TENANT_COSTS
from usage_pipeline.orchestration.resources import RUN_LOCK, STORAGE

if TYPE_CHECKING:
    from usage_pipeline.billing.due_periods import DuePeriod
    from usage_pipeline.storage.opened import Storage

# What is imported within the functions is slow to import.
# ruff: noqa: PLC0415

PERIODS_CLOSE = dg.AssetCheckKey(dg.AssetKey(TENANT_COSTS.name), "periods_close")

_SHOWN_PERIODS = 40


@dg.op(
    required_resource_keys={STORAGE, RUN_LOCK},
    description="Closes what is due, and checks what is blocked.",
)
def close_due_periods(context: dg.OpExecutionContext) -> None:
    """Close what is due; the check `periods_close` is told of the rest."""
    from usage_pipeline.billing.due_periods import close_due

    storage = context.resources.storage
    closed = close_due(storage)
    context.log.info("Closed %d billing periods.", len(closed))
    context.instance.report_runless_asset_event(_evaluation(storage))


@dg.job(
    name="close_periods",
    description="Close the billing periods whose last day is final, unless something blocks them.",
)
def close_periods() -> None:
    """Close what is due."""
    close_due_periods()


@dg.asset_check(
    asset=PERIODS_CLOSE.asset_key,
    name=PERIODS_CLOSE.name,
    description="Nothing blocks the closing of a billing period whose last day is final.",
    required_resource_keys={STORAGE},
)
def periods_close(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
    """Look at the periods of all tenants, whatever the days of the run."""
    blocked = _blocked(context.resources.storage)
    return dg.AssetCheckResult(
        passed=not blocked, severity=dg.AssetCheckSeverity.WARN, metadata=_metadata(blocked)
    )


def _evaluation(storage: "Storage") -> dg.AssetCheckEvaluation:
    blocked = _blocked(storage)
    return dg.AssetCheckEvaluation(
        asset_key=PERIODS_CLOSE.asset_key,
        check_name=PERIODS_CLOSE.name,
        passed=not blocked,
        severity=dg.AssetCheckSeverity.WARN,
        metadata=_metadata(blocked),
    )


def _blocked(storage: "Storage") -> "list[DuePeriod]":
    from usage_pipeline.billing.due_periods import due_periods

    return [due for due in due_periods(storage) if due.blocked_by]


def _metadata(blocked: "list[DuePeriod]") -> dict[str, dg.MetadataValue]:
    tenants = sum(len(due.tenants) for due in blocked)
    return {
        "observed": dg.MetadataValue.text(f"{tenants:,} periods are blocked"),
        "expected": dg.MetadataValue.text("0 periods are blocked"),
        "periods": dg.MetadataValue.md(_markdown(blocked)),
    }


def _markdown(blocked: "list[DuePeriod]") -> str:
    lines = [
        "| First day | Last day | Tenants | Blocked by |",
        "|---|---|---|---|",
        *(_line(due) for due in blocked[:_SHOWN_PERIODS]),
    ]
    rest = len(blocked) - _SHOWN_PERIODS
    return "\n".join([*lines, *([f"| and {rest} more | | | |"] if rest > 0 else [])])


def _line(due: "DuePeriod") -> str:
    # Tenants are counted, not named: what Dagster keeps outlives their erasure.
    cells = (str(due.period.first), str(due.period.last), f"{len(due.tenants):,}", "; ".join(due.blocked_by))
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
