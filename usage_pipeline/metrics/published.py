"""Reads numbers as they were published by a time, or in a version of each day, from `usage_versions`.

Every change is kept, so each earlier number is known; the status that a day had then is not. A day is missing if
it was not over by then, if it is missing now, or if nothing shows that it was published: neither a number of it
nor the commit of its landing folder, which shows nothing of records that waited for their first computation.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, FromClause, case, cast, func, select

from usage_pipeline.clock import end_of
from usage_pipeline.costs.tables import TENANT_COSTS
from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.metrics.answers import conditions
from usage_pipeline.metrics.queries import AsOf, CostQuery
from usage_pipeline.registry import NOT_TOKENS
from usage_pipeline.series.status import DayStatus
from usage_pipeline.storage import landed_days, state
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import usage_versions

_VERSIONS = usage_versions.c
_KEY = (_VERSIONS.day, _VERSIONS.tenant_id, _VERSIONS.model, _VERSIONS["class"])


@dataclass(frozen=True)
class Published:
    """The numbers of a table as they were published."""

    table: str
    as_of: AsOf

    def rows(self) -> FromClause:
        """The last row of each day, tenant, model and class by then, without those that were gone."""
        last = select(func.max(_VERSIONS.id)).where(*self._by_then()).group_by(*_KEY)
        return select(usage_versions).where(_VERSIONS.id.in_(last), _VERSIONS.quantity > 0).subquery()

    def days(self, connection: Connection, days: Collection[date]) -> set[date]:
        """Those of the days that are known to have been published by then."""
        if isinstance(self.as_of, int):
            return set(days)
        rows = connection.execute(select(_VERSIONS.day).distinct().where(*self._by_then())).scalars()
        known = state.partitions(connection, self.table)
        unchanged = (day for day, found in known.items() if found.changed_at and found.changed_at <= self.as_of)
        waited = {
            day
            for day in landed_days.days_with_records(connection, self.as_of)
            if day not in known or known[day].first_changed_after(self.as_of)
        }
        published = {*rows, *unchanged, *(day for day in _empty_days(connection, self.as_of) if day not in waited)}
        return {day for day in published.intersection(days) if end_of(day) <= self.as_of}

    def _by_then(self) -> tuple[ColumnElement[bool], ...]:
        then = _VERSIONS.committed_at if isinstance(self.as_of, datetime) else _VERSIONS.version
        return _VERSIONS.table_name == self.table, then <= self.as_of


@dataclass(frozen=True)
class PublishedCosts:
    """The costs of a query, as they were published."""

    storage: Storage
    query: CostQuery
    as_of: AsOf

    def statuses(self, statuses: Mapping[date, DayStatus]) -> dict[date, DayStatus]:
        """The statuses, where a day that was not published is missing."""
        with self.storage.warehouse.connect() as connection:
            days = self._published.days(connection, statuses)
        return as_published(statuses, days)

    def sums(self, groups: Sequence[str], days: Collection[date]) -> list[Sequence[Any]]:
        """The metrics of the query by these groups, in their order."""
        rows = self._published.rows()
        by = [rows.c[self.query.groups[name]] for name in groups]
        amount = case((func.count() == 0, 0), else_=func.sum(rows.c.amount))
        tokens = func.coalesce(func.sum(rows.c.quantity).filter(rows.c["class"].not_in(NOT_TOKENS)), 0)
        sums = {"tokens": cast(tokens, BigInteger), "amount": amount}
        selected = select(*by, *(sums[name] for name in self.query.metrics))
        selected = selected.where(*conditions(self.query, rows, days)).group_by(*by)
        with self.storage.warehouse.connect() as connection:
            found = connection.execute(selected).all()
        return sorted(found, key=lambda row: tuple(row[: len(by)]))

    @property
    def _published(self) -> Published:
        return Published(TENANT_COSTS.name, self.as_of)


def _empty_days(connection: Connection, moment: datetime) -> Iterator[date]:
    """Days whose own folder was landed by then, and one after their end: without numbers they were zero."""
    commits = {
        day: landing.committed_at
        for day, landing in state.partitions(connection, LANDED_EVENTS.name).items()
        if landing.committed_at and landing.committed_at <= moment
    }
    for day in commits:
        if any(later >= day and committed >= end_of(day) for later, committed in commits.items()):
            yield day


def as_published(statuses: Mapping[date, DayStatus], published: Collection[date]) -> dict[date, DayStatus]:
    """The statuses, where a day that was not published is missing."""
    return {day: status if day in published else DayStatus.MISSING for day, status in statuses.items()}
