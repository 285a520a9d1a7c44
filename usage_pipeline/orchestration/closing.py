"""Closing what is due: the job that does it every night, and the check that tells what is held open.

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
    description="Closes what is due, and checks what is held open.",
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
    description="Close the billing periods whose last day is final, unless something holds them open.",
)
def close_periods() -> None:
    """Close what is due."""
    close_due_periods()


@dg.asset_check(
    asset=PERIODS_CLOSE.asset_key,
    name=PERIODS_CLOSE.name,
    description="Nothing holds a billing period open whose last day is final.",
    required_resource_keys={STORAGE},
)
def periods_close(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
    """Look at the periods of all tenants, whatever the days of the run."""
    held = _held_open(context.resources.storage)
    return dg.AssetCheckResult(passed=not held, severity=dg.AssetCheckSeverity.WARN, metadata=_metadata(held))


def _evaluation(storage: "Storage") -> dg.AssetCheckEvaluation:
    held = _held_open(storage)
    return dg.AssetCheckEvaluation(
        asset_key=PERIODS_CLOSE.asset_key,
        check_name=PERIODS_CLOSE.name,
        passed=not held,
        severity=dg.AssetCheckSeverity.WARN,
        metadata=_metadata(held),
    )


def _held_open(storage: "Storage") -> "list[DuePeriod]":
    from usage_pipeline.billing.due_periods import due_periods

    return [due for due in due_periods(storage) if due.blocked_by]


def _metadata(held: "list[DuePeriod]") -> dict[str, dg.MetadataValue]:
    tenants = sum(len(due.tenants) for due in held)
    return {
        "observed": dg.MetadataValue.text(f"{tenants:,} periods are held open"),
        "expected": dg.MetadataValue.text("0 periods are held open"),
        "periods": dg.MetadataValue.md(_markdown(held)),
    }


def _markdown(held: "list[DuePeriod]") -> str:
    lines = [
        "| First day | Last day | Tenants | Held open by |",
        "|---|---|---|---|",
        *(_line(due) for due in held[:_SHOWN_PERIODS]),
    ]
    rest = len(held) - _SHOWN_PERIODS
    return "\n".join([*lines, *([f"| and {rest} more | | | |"] if rest > 0 else [])])


def _line(due: "DuePeriod") -> str:
    # Tenants are counted, not named: what Dagster keeps outlives their erasure.
    cells = (str(due.period.first), str(due.period.last), f"{len(due.tenants):,}", "; ".join(due.blocked_by))
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
