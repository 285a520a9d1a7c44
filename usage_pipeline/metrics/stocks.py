"""Reads how many personas and timeline entries there are: stocks, running from the daily flows."""

from collections.abc import Collection, Mapping
from datetime import date
from itertools import accumulate

from usage_pipeline.metrics.answers import Answer, Row, statuses_of
from usage_pipeline.metrics.cubes import read_usage
from usage_pipeline.metrics.queries import STOCKS, StockQuery, UsageQuery
from usage_pipeline.series.status import DayStatus
from usage_pipeline.storage.opened import Storage

_FLOWS = tuple(name for flow in STOCKS.values() for name in flow)
_NO_FLOWS = dict.fromkeys(_FLOWS, 0)


def read_stocks(storage: Storage, query: StockQuery) -> Answer:
    """Read the flows since the first day of the calendar, and add them up."""
    beginning = min(query.first, storage.settings.first_day)
    asked = UsageQuery(beginning, query.last, ("day",), query.where, _FLOWS, among=query.among)
    flows = read_usage(storage, asked).by_group
    by_day = {day: {name: flow[name] for name in _FLOWS} for (day,), flow in flows.items()}
    statuses = statuses_of(storage, query.days)
    levels = {stock: _levels(by_day, statuses, flow) for stock, flow in STOCKS.items()}

    def row(day: date, status: DayStatus) -> Row:
        if status is DayStatus.MISSING:
            return {"day": day, **dict.fromkeys(query.metrics)}
        values = {**by_day.get(day, _NO_FLOWS), **{stock: level[day] for stock, level in levels.items()}}
        return {"day": day, **{name: values[name] for name in query.metrics}}

    return Answer(query, [row(*entry) for entry in statuses.items()], statuses)


def _levels(
    flows: Mapping[date, Mapping[str, int]], days: Collection[date], names: tuple[str, str]
) -> dict[date, int]:
    """The stock at the end of each of the days, which are consecutive."""
    added, removed = names
    nets = {day: flow[added] - flow[removed] for day, flow in flows.items()}
    before = sum(net for day, net in nets.items() if day not in days)
    levels = accumulate((nets.get(day, 0) for day in days), initial=before)
    return dict(zip(days, list(levels)[1:], strict=True))
