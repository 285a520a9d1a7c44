"""The checks of costs by day: sums that must be equal, tokens without a price, reported costs that are far off.

Tenants are not named, because Dagster keeps the results. The commands `costs` and `cost-drift` name them.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from sqlalchemy import Connection, Select, func, select

from usage_pipeline.costs.drift import DriftQuery, read_drift
from usage_pipeline.costs.tables import TENANT_COSTS
from usage_pipeline.metrics.answers import Row
from usage_pipeline.metrics.queries import CostQuery, UsageQuery
from usage_pipeline.metrics.read import read
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import warehouse_table
from usage_pipeline.validation.results import Evaluation

tenant_costs = warehouse_table(TENANT_COSTS.spec)

_SHOWN = 20
_BY = ("day", "tenant")
_NO_COSTS: Row = {"tokens": 0, "amount": None}


def costs_add_up(storage: Storage, connection: Connection, days: Sequence[date]) -> dict[date, Evaluation]:
    """Compare the tokens of the cube with usage, and its amounts with each dimension of `tenant_costs`."""
    first, last = min(days), max(days)
    cube = defaultdict(lambda: _NO_COSTS, read(storage, CostQuery(first, last, _BY)).by_group)
    differing: defaultdict[date, list[str]] = defaultdict(list)
    used = read(storage, UsageQuery(first, last, _BY, metrics=("tokens_total",))).by_group
    for (day, tenant), metrics in used.items():
        expected, found = metrics["tokens_total"], cube[day, tenant]["tokens"]
        if found != expected:
            differing[day].append(f"tokens: {found}, expected {expected}")
    for day, tenant, dimension, found in connection.execute(_amounts_by_dimension(first, last)):
        expected = cube[day, tenant]["amount"]
        if found != expected:
            differing[day].append(f"amount by {dimension}: {found or 0}, expected {expected or 0}")
    return {day: _add_up(differing[day]) for day in days}


def _amounts_by_dimension(first: date, last: date) -> Select[date, str, str, Decimal | None]:
    table = tenant_costs.c
    query = select(table.day, table.tenant_id, table.dimension, func.sum(table.amount))
    return query.where(table.day.between(first, last)).group_by(table.day, table.tenant_id, table.dimension)


def _add_up(differing: Sequence[str]) -> Evaluation:
    listed = f": {'; '.join(differing[:_SHOWN])}" if differing else ""
    return Evaluation(not differing, f"{len(differing):,} sums differ{listed}", "0 sums differ")


def tokens_are_priced(storage: Storage, _: Connection, days: Sequence[date]) -> dict[date, Evaluation]:
    """Find tokens without a price. Their cost is unknown, not zero."""
    groups = ("day", "model", "unpriced")
    costs = read(storage, CostQuery(min(days), max(days), groups)).by_group.values()
    return {day: _priced([cost for cost in costs if cost["day"] == day and cost["tokens"]]) for day in days}


def _priced(costs: Sequence[Row]) -> Evaluation:
    tokens, unpriced = (sum(cost[name] for cost in costs) for name in ("tokens", "unpriced_tokens"))
    names = sorted({f"{cost['model']} ({cost['unpriced']})" for cost in costs if cost["unpriced_tokens"]})
    listed = f": {', '.join(names[:_SHOWN])}" if names else ""
    observed = f"{unpriced:,} of {tokens:,} tokens have no price{listed}"
    return Evaluation(not unpriced, observed, "0 tokens have no price")


def reported_costs_are_plausible(storage: Storage, _: Connection, days: Sequence[date]) -> dict[date, Evaluation]:
    """Find records whose source reports more than ten times their cost by the price book."""
    outliers = Counter[date]()
    for row in read_drift(storage, DriftQuery(min(days), max(days))):
        outliers[row.day] += row.outliers
    observed = {day: f"{outliers[day]:,} records report more than ten times their cost" for day in days}
    return {day: Evaluation(not outliers[day], observed[day], "0 records") for day in days}
