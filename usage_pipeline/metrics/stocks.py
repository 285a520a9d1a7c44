"""Reads how many personas and timeline entries there are: stocks, running from the daily flows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate

from usage_pipeline.metrics.queries import UsageQuery, of_tenant
from usage_pipeline.metrics.read import read
from usage_pipeline.series.status import DayReader, DayStatus
from usage_pipeline.storage.opened import Storage

_STOCKS = {
    "personas": ("personas_created", "personas_deleted"),
    "timeline_entries": ("timeline_appended", "timeline_superseded"),
}
_FLOWS = tuple(name for flow in _STOCKS.values() for name in flow)
_NO_FLOWS = dict.fromkeys(_FLOWS, 0)


@dataclass(frozen=True)
class StockDay:
    """The flows of one day and the stocks at its end; all null on a missing day."""

    day: date
    personas_created: int | None = None
    personas_deleted: int | None = None
    personas: int | None = None
    timeline_appended: int | None = None
    timeline_superseded: int | None = None
    timeline_entries: int | None = None


def read_stocks(storage: Storage, tenant_id: str | None, first: date, last: date) -> list[StockDay]:
    """An entry for every day from first to last, both included. Of one tenant, or of all where none is named.

    A stock is what was added less what was taken away since the first day of the calendar: what happened
    before `first` is in it, and it goes on after a missing day.
    """
    beginning = min(first, storage.settings.first_day)
    flows = read(storage, UsageQuery(beginning, last, ("day",), of_tenant(tenant_id), _FLOWS)).by_group
    by_day = {day: {name: flow[name] for name in _FLOWS} for (day,), flow in flows.items()}
    with storage.warehouse.connect() as connection:
        days = DayReader(storage, connection).read(first, last)
    levels = {stock: _levels(by_day, [entry.day for entry in days], flow) for stock, flow in _STOCKS.items()}

    def values(day: date) -> dict[str, int]:
        return {**by_day.get(day, _NO_FLOWS), **{stock: level[day] for stock, level in levels.items()}}

    return [
        StockDay(entry.day) if entry.status is DayStatus.MISSING else StockDay(entry.day, **values(entry.day))
        for entry in days
    ]


def _levels(
    flows: Mapping[date, Mapping[str, int]], days: Sequence[date], names: tuple[str, str]
) -> dict[date, int]:
    """The stock at the end of each of the days, which are consecutive."""
    added, removed = names
    nets = {day: flow[added] - flow[removed] for day, flow in flows.items()}
    before = sum(net for day, net in nets.items() if day not in days)
    levels = accumulate((nets.get(day, 0) for day in days), initial=before)
    return dict(zip(days, list(levels)[1:], strict=True))
