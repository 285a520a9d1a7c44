"""Short ways to ask for costs of the tenant acme in May 2026, and to settle days."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from usage_pipeline.metrics.queries import CostQuery
from usage_pipeline.metrics.read import read
from usage_pipeline.pipeline.refresh import PlainRunner, RefreshSummary, settle
from usage_pipeline.storage.opened import Storage

FIRST, LAST = date(2026, 5, 1), date(2026, 5, 31)
Run = Callable[[], RefreshSummary]
Prices = Callable[[str], object]


@dataclass(frozen=True)
class Cost:
    """What one group cost."""

    group: tuple[object, ...]
    tokens: int | None
    unpriced_tokens: int | None
    coverage: Decimal | None
    amount: Decimal | None
    missing_days: int


def costs_of(storage: Storage, query: CostQuery) -> list[Cost]:
    """The answer, row by row."""
    size = len(query.group_by)
    names = ("tokens", "unpriced_tokens", "coverage", "amount", "missing_days")
    return [Cost(tuple(row.values())[:size], *(row[name] for name in names)) for row in read(storage, query).rows]


def costs(storage: Storage, *group_by: str, where: tuple[tuple[str, str], ...] = ()) -> list[Cost]:
    """The costs by group."""
    return costs_of(storage, CostQuery(FIRST, LAST, group_by, where))


def amounts(storage: Storage, *group_by: str) -> dict[object, Decimal | None]:
    """The amounts by the value of one group, or by nothing."""
    return {cost.group[0] if cost.group else None: cost.amount for cost in costs(storage, *group_by)}


def compute(storage: Storage) -> None:
    """Compute what is stale, without landing anything."""
    settle(storage, PlainRunner(storage), RefreshSummary())
