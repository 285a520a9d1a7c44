"""Reads how many personas and timeline entries there are: stocks, running from the daily flows."""

from collections.abc import Collection, Mapping
from datetime import date, timedelta
from itertools import accumulate

from usage_pipeline.metrics.answers import Answer, Row
from usage_pipeline.metrics.cubes import read_usage
from usage_pipeline.metrics.queries import Query, StockQuery, UsageQuery
from usage_pipeline.metrics.words import STOCKS
from usage_pipeline.series.status import DayStatus
from usage_pipeline.storage.opened import Storage

FLOWS = tuple(name for flow in STOCKS.values() for name in flow)
_NO_FLOWS = dict.fromkeys(FLOWS, 0)


def read_stocks(storage: Storage, query: StockQuery) -> Answer:
    """Read the flows of each day and the sums of those before, and add them up."""
    asked = UsageQuery(query.first, query.last, ("day",), query.where, FLOWS, among=query.among)
    flows = read_usage(storage, asked)
    by_day = {day: {name: flow[name] for name in FLOWS} for (day,), flow in flows.by_group.items()}
    statuses, before = flows.statuses, read_flows_before(storage, query)
    levels = {stock: _levels(before, by_day, statuses, flow) for stock, flow in STOCKS.items()}

    def row(day: date, status: DayStatus) -> Row:
        if status is DayStatus.MISSING:
            return {"day": day, **dict.fromkeys(query.metrics)}
        values = {**by_day.get(day, _NO_FLOWS), **{stock: level[day] for stock, level in levels.items()}}
        return {"day": day, **{name: values[name] for name in query.metrics}}

    return Answer(query, [row(*entry) for entry in statuses.items()], statuses)


def read_flows_before(storage: Storage, query: Query) -> Mapping[str, int]:
    """Read the sums of the flows since the first day of the calendar. Days that have not come have none."""
    last = min(query.first, storage.settings.clock.today) - timedelta(days=1)
    if last < storage.settings.first_day:
        return _NO_FLOWS
    asked = UsageQuery(storage.settings.first_day, last, (), query.where, FLOWS, among=query.among)
    (sums,) = read_usage(storage, asked).rows
    return sums


def _levels(
    before: Mapping[str, int],
    flows: Mapping[date, Mapping[str, int]],
    days: Collection[date],
    names: tuple[str, str],
) -> dict[date, int]:
    """The stock at the end of each of the days, which are consecutive."""
    added, removed = names
    nets = (flow[added] - flow[removed] for flow in (flows.get(day, _NO_FLOWS) for day in days))
    levels = accumulate(nets, initial=before[added] - before[removed])
    return dict(zip(days, list(levels)[1:], strict=True))
