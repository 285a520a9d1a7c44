"""Reads the costs that sources report, which are kept beside those by the price book."""

from collections.abc import Collection, Sequence
from datetime import date

from sqlalchemy import BigInteger, cast, func, select

from usage_pipeline.costs.drift import cost_drift
from usage_pipeline.metrics.answers import Answer, conditions, known_days, statuses_of
from usage_pipeline.metrics.cubes import Sums, answer_of
from usage_pipeline.metrics.queries import ReportedCostQuery
from usage_pipeline.storage.opened import Storage

_USD = "USD"


def read_reported_costs(storage: Storage, query: ReportedCostQuery) -> Answer:
    """Read the reported costs in US dollars; a day of which none is reported has 0."""
    statuses = statuses_of(storage, query.days, cost_drift.name)
    return answer_of(query, statuses, lambda groups: _sums(storage, query, groups, known_days(statuses)))


def _sums(storage: Storage, query: ReportedCostQuery, groups: Sequence[str], days: Collection[date]) -> Sums:
    table = cost_drift.c
    by = [table[query.groups[name]] for name in groups]
    totals = {
        "records": cast(func.coalesce(func.sum(table.records), 0), BigInteger),
        "reported_cost": func.coalesce(func.sum(table.reported_cost), 0),
    }
    selected = select(*by, *(totals[name] for name in query.metrics)).where(table.currency == _USD)
    selected = selected.where(*conditions(query, cost_drift, days)).group_by(*by).order_by(*by)
    with storage.warehouse.connect() as connection:
        return [tuple(row) for row in connection.execute(selected)]
