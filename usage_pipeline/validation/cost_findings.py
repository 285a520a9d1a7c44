"""What is found of the costs of a day: sums that must be equal, tokens without a price, reported costs far off.

Names of tenants are left out: Dagster keeps what it is shown. The commands `costs` and `costs --drift` name them.
"""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Connection

from usage_pipeline.storage.opened import Storage
from usage_pipeline.validation.cost_totals import (
    NOTHING_USED,
    CostCoverage,
    Imbalance,
    daily_coverage,
    imbalances,
    outliers,
)
from usage_pipeline.validation.results import Evaluation

_SHOWN = 20


def costs_add_up(storage: Storage, _: Connection, days: Sequence[date]) -> dict[date, Evaluation]:
    """Every token of usage is in one class of costs, and each dimension adds up to the tenant's total."""
    found = imbalances(storage, min(days), max(days))
    return {day: _add_up([entry for entry in found if entry.day == day]) for day in days}


def _add_up(found: Sequence[Imbalance]) -> Evaluation:
    told = "; ".join(f"{entry.what}: {entry.found}, expected {entry.expected}" for entry in found[:_SHOWN])
    return Evaluation(not found, f"{len(found):,} sums differ" + (f": {told}" if told else ""), "0 sums differ")


def tokens_are_priced(storage: Storage, _: Connection, days: Sequence[date]) -> dict[date, Evaluation]:
    """Tokens without a price: their cost is unknown, not zero."""
    covered = daily_coverage(storage, min(days), max(days))
    return {day: _priced(covered.get(day, NOTHING_USED)) for day in days}


def _priced(covered: CostCoverage) -> Evaluation:
    names = sorted({f"{entry.model} ({entry.unpriced})" for entry in covered.uncovered})[:_SHOWN]
    told = f": {', '.join(names)}" if names else ""
    return Evaluation(
        not covered.unpriced_tokens,
        f"{covered.unpriced_tokens:,} of {covered.tokens:,} tokens have no price{told}",
        "0 tokens have no price",
    )


def reported_costs_are_plausible(storage: Storage, _: Connection, days: Sequence[date]) -> dict[date, Evaluation]:
    """Records whose source reports more than ten times what they cost by the price book."""
    found = outliers(storage, min(days), max(days))
    return {
        day: Evaluation(
            not found[day], f"{found[day]:,} records report more than ten times their cost", "0 records"
        )
        for day in days
    }
