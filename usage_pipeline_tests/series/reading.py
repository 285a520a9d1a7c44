"""Short ways to ask for series, usage and day statuses."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from typing import Any, NamedTuple

from usage_pipeline.metrics.queries import AsOf, IntervalQuery, SeriesQuery, UsageQuery, of_tenant
from usage_pipeline.metrics.read import read
from usage_pipeline.series.status import Day, DayReader
from usage_pipeline.storage.opened import Storage

Run = Callable[[], object]


def day(text: str) -> date:
    """The day, written in ISO."""
    return date.fromisoformat(text)


class SeriesDay(NamedTuple):
    """One day of the three series."""

    day: date
    tokens: int | None
    conversations: int | None
    messages: int | None


def series(
    storage: Storage, first: str, last: str, tenant: str | None = "acme", as_of: AsOf | None = None
) -> list[SeriesDay]:
    """The series of a tenant."""
    query = SeriesQuery(day(first), day(last), of_tenant(tenant), as_of=as_of)
    return [SeriesDay(**row) for row in read(storage, query).rows]


def tokens(storage: Storage, first: str, last: str, tenant: str = "acme") -> list[int | None]:
    """The token series of a tenant."""
    return [entry.tokens for entry in series(storage, first, last, tenant)]


def conversations(storage: Storage, first: str, last: str, tenant: str = "acme") -> list[int | None]:
    """The conversation series of a tenant."""
    return [entry.conversations for entry in series(storage, first, last, tenant)]


MAY = (day("2026-05-01"), day("2026-05-31"))


def usage(
    storage: Storage,
    *metrics: str,
    days: tuple[date, date] = MAY,
    group_by: tuple[str, ...] = (),
    where: tuple[tuple[str, str], ...] = (),
) -> list[tuple[Any, ...]]:
    """Groups and metrics of usage, one tuple per group."""
    query = UsageQuery(*days, group_by=group_by, where=where, metrics=metrics)
    return [tuple(row.values()) for row in read(storage, query).rows]


def intervals(storage: Storage, query: IntervalQuery) -> list[tuple[Any, ...]]:
    """Start, groups and metrics of intervals, one tuple per interval and group."""
    return [tuple(row.values()) for row in read(storage, query).rows]


def status(storage: Storage, at: datetime, on: str) -> Day:
    """What is said of a day at some time."""
    then = replace(storage, settings=storage.settings.model_copy(update={"now": at}))
    with storage.warehouse.connect() as connection:
        return DayReader(then, connection).read(day(on), day(on))[0]
