"""Checks of costs: sums that must agree, coverage, and drift."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import func, select

from usage_pipeline.costs.drift import DriftQuery, read_drift
from usage_pipeline.costs.tables import TENANT_COSTS
from usage_pipeline.metrics.answers import Row, coverage
from usage_pipeline.metrics.queries import CostQuery, UsageQuery
from usage_pipeline.metrics.read import read
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import warehouse_table

tenant_costs = warehouse_table(TENANT_COSTS.spec)

_BY = ("day", "tenant")
_Cube = Mapping[tuple[object, ...], Row]


@dataclass(frozen=True)
class Imbalance:
    """Two numbers of a tenant and day that must be equal and are not."""

    day: date
    tenant_id: str
    what: str
    expected: Decimal | int
    found: Decimal | int


@dataclass(frozen=True)
class Uncovered:
    """Tokens of a model of a tenant without a price."""

    tenant_id: str
    model: str
    unpriced: str
    tokens: int


@dataclass(frozen=True)
class CostCoverage:
    """How many of the tokens of a day have a price, and what has none, the most tokens first."""

    tokens: int
    unpriced_tokens: int
    uncovered: tuple[Uncovered, ...]

    @property
    def percent(self) -> Decimal | None:
        """Rounded down; null without tokens."""
        return coverage(self.tokens, self.unpriced_tokens)


NOTHING_USED = CostCoverage(0, 0, ())


def imbalances(storage: Storage, first: date, last: date) -> list[Imbalance]:
    """Where costs do not add up: the cube against usage, and each dimension of `tenant_costs` against the cube."""
    cube = read(storage, CostQuery(first, last, _BY)).by_group
    return [*_tokens(storage, first, last, cube), *_amounts(storage, first, last, cube)]


def _tokens(storage: Storage, first: date, last: date, cube: _Cube) -> Iterator[Imbalance]:
    """Every token of usage is in one class of costs."""
    used = read(storage, UsageQuery(first, last, _BY, metrics=("tokens_total",))).by_group
    for (day, tenant), metrics in used.items():
        cost = cube.get((day, tenant))
        found = cost["tokens"] if cost else 0
        if found != metrics["tokens_total"]:
            yield Imbalance(day, tenant, "tokens", metrics["tokens_total"], found)


def _amounts(storage: Storage, first: date, last: date, cube: _Cube) -> Iterator[Imbalance]:
    table = tenant_costs.c
    sums = select(table.day, table.tenant_id, table.dimension, func.sum(table.amount)).where(
        table.day.between(first, last)
    )
    with storage.warehouse.connect() as connection:
        rows = connection.execute(sums.group_by(table.day, table.tenant_id, table.dimension)).all()
    for day, tenant, dimension, found in rows:
        cost = cube.get((day, tenant))
        expected = cost["amount"] if cost else None
        if expected != found:
            yield Imbalance(day, tenant, f"amount by {dimension}", expected or Decimal(0), found or Decimal(0))


def daily_coverage(storage: Storage, first: date, last: date) -> dict[date, CostCoverage]:
    """The coverage of each day that has tokens, and which names have no price and why."""
    groups = ("day", "tenant", "model", "unpriced")
    by_day: defaultdict[date, list[Row]] = defaultdict(list)
    for cost in read(storage, CostQuery(first, last, groups)).by_group.values():
        if cost["tokens"]:
            by_day[cost["day"]].append(cost)
    return {day: _coverage(costs) for day, costs in by_day.items()}


def _coverage(costs: Sequence[Row]) -> CostCoverage:
    uncovered = [
        Uncovered(cost["tenant"], cost["model"], cost["unpriced"], cost["unpriced_tokens"])
        for cost in costs
        if cost["unpriced_tokens"]
    ]
    return CostCoverage(
        sum(cost["tokens"] for cost in costs),
        sum(entry.tokens for entry in uncovered),
        tuple(sorted(uncovered, key=lambda entry: (-entry.tokens, entry.tenant_id, entry.model))),
    )


def outliers(storage: Storage, first: date, last: date) -> Counter[date]:
    """How many records of each day report more than ten times what they cost."""
    found = Counter[date]()
    for row in read_drift(storage, DriftQuery(first, last)):
        found[row.day] += row.outliers
    return found
