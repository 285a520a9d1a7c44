"""Reads series as they were known when a day was over: those of now on the day after, published versions later."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, cast, func, select

from usage_pipeline.clock import days_between, end_of
from usage_pipeline.costs.tables import TENANT_COSTS
from usage_pipeline.credits.tables import CREDIT_USAGE
from usage_pipeline.insights.measures import COST, CREDITS, Measure
from usage_pipeline.insights.read_series import SeriesQuestion, read_series, read_series_of_each
from usage_pipeline.insights.series import DailySeries, Number
from usage_pipeline.metrics.answers import known_days, statuses_of
from usage_pipeline.metrics.published import Published
from usage_pipeline.series.tables import CONVERSATION_SERIES, MESSAGE_SERIES, TOKEN_SERIES
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import one_of

TenantId = str | None

_AMOUNT = "amount"
_VERSIONED: Mapping[str, tuple[str, str]] = {
    "tokens_total": (TOKEN_SERIES.name, "quantity"),
    "conversations": (CONVERSATION_SERIES.name, "quantity"),
    "messages": (MESSAGE_SERIES.name, "quantity"),
    COST: (TENANT_COSTS.name, _AMOUNT),
    CREDITS: (CREDIT_USAGE.name, _AMOUNT),
}
"""The measures that `usage_versions` keeps, each with its table and column there."""


@dataclass(frozen=True)
class KnownSeries:
    """A series as of its last day, and whether it may hold what came to be known later."""

    series: DailySeries
    hindsight: bool

    @property
    def measure(self) -> Measure:
        """What it is of."""
        return self.series.measure

    @property
    def tenant_id(self) -> TenantId:
        """Whose it is; None for all together."""
        return self.series.tenant_id


def read_known_series(
    storage: Storage, question: SeriesQuestion, tenant_ids: Sequence[str]
) -> Iterator[KnownSeries]:
    """Yield the series of each of the tenants, and of all together (None), by measure.

    Raises PartitionError if the rows of a computed day are gone.
    """
    is_late = storage.settings.clock.now > known_by(question.last)
    then = _Then.read(storage, question) if is_late else _Then({}, {})
    together = read_series(storage, question)
    for series in (*together, *read_series_of_each(storage, question, tenant_ids)):
        found = then.series(series)
        yield KnownSeries(found or series, hindsight=is_late and found is None)


def known_by(as_of: date) -> datetime:
    """Return the end of the day after, until which what is as of a day is made from the numbers of now."""
    return end_of(as_of + timedelta(days=1))


@dataclass(frozen=True)
class _Then:
    """What was published, by measure: the days that were, and the numbers by tenant and day."""

    days: Mapping[str, frozenset[date]]
    numbers: Mapping[tuple[str, TenantId], Mapping[date, Number | None]]

    @classmethod
    def read(cls, storage: Storage, question: SeriesQuestion) -> "_Then":
        asked = [measure.name for measure in question.measures if measure.name in _VERSIONED]
        days: dict[str, frozenset[date]] = {}
        numbers: dict[tuple[str, TenantId], dict[date, Number | None]] = {}
        for name in asked:
            days[name], found = _published(storage, question, name)
            numbers |= {(name, tenant_id): by_day for tenant_id, by_day in found.items()}
        return cls(days, numbers)

    def series(self, now: DailySeries) -> DailySeries | None:
        """Return a series as it was; None if it has no versions, or nothing of it was published by then."""
        name = now.measure.name
        if not self.days.get(name):
            return None
        found = self.numbers.get((name, now.tenant_id), {})
        values = tuple(found.get(day, 0) if day in self.days[name] else None for day in now.days)
        return DailySeries(now.measure, now.tenant_id, now.first, values)


def _published(
    storage: Storage, question: SeriesQuestion, name: str
) -> tuple[frozenset[date], Mapping[TenantId, dict[date, Number | None]]]:
    table, column = _VERSIONED[name]
    published = Published(table, known_by(question.last) - timedelta(microseconds=1))
    asked = days_between(question.first, question.last)
    known = known_days(statuses_of(storage, asked, table))
    rows = published.rows()
    total: ColumnElement[Any] = func.sum(rows.c[column])
    if column != _AMOUNT:
        total = cast(total, BigInteger)
    found: defaultdict[TenantId, dict[date, Number | None]] = defaultdict(dict)
    with storage.warehouse.connect() as connection:
        days = published.days(connection, known)
        of_days = one_of(rows.c.day, sorted(days))
        by_tenant = select(rows.c.tenant_id, rows.c.day, total).where(of_days)
        for tenant_id, day, number in connection.execute(by_tenant.group_by(rows.c.tenant_id, rows.c.day)):
            found[tenant_id][day] = number
            if number is not None:
                found[None][day] = (found[None].get(day) or 0) + number
            else:
                found[None].setdefault(day, None)
    return frozenset(days), found
