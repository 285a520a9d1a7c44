"""Reads series and usage for people and programs. Exact integers; a missing day is null, not zero."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import Connection, select

from usage_pipeline.series.dimensions import CONVERSATIONS, CUBE_METRICS, DIMENSIONS
from usage_pipeline.series.outages import Row, Width, with_outages
from usage_pipeline.series.questions import GROUPS, UsageQuery
from usage_pipeline.series.scan import damage_named, scan
from usage_pipeline.series.status import DayReader, DayStatus
from usage_pipeline.series.tables import CONVERSATION_STARTS, DAILY_USAGE
from usage_pipeline.storage.engine import literal, session
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import conversation_series, message_series, token_series

_SERIES = {"tokens": token_series, "conversations": conversation_series, "messages": message_series}


@dataclass(frozen=True)
class SeriesDay:
    """One day of a tenant's three series; all null on a missing day."""

    day: date
    tokens: int | None
    conversations: int | None
    messages: int | None

    @property
    def milliseconds(self) -> int:
        """UTC midnight, in milliseconds since 1970."""
        return int(datetime.combine(self.day, time(), UTC).timestamp()) * 1000


def read_series(storage: Storage, tenant_id: str, first: date, last: date) -> list[SeriesDay]:
    """A tenant's three series from first to last, both included, a point for every day."""
    with storage.warehouse.connect() as connection:
        statuses = DayReader(storage, connection).read(first, last)
        totals = {name: _totals(connection, name, tenant_id, first, last) for name in _SERIES}

    def value(name: str, day: date, status: DayStatus) -> int | None:
        return None if status is DayStatus.MISSING else totals[name].get(day, 0)

    return [
        SeriesDay(entry.day, **{name: value(name, entry.day, entry.status) for name in _SERIES})
        for entry in statuses
    ]


def series_points(days: Sequence[SeriesDay]) -> dict[str, list[dict[str, int | None]]]:
    """The three series as parallel lists of `{date: midnight UTC in ms, total}`."""
    return {
        name: [{"date": entry.milliseconds, "total": getattr(entry, name)} for entry in days] for name in _SERIES
    }


def known_tenants(connection: Connection) -> list[str]:
    """All tenants that the series know."""
    return list(connection.execute(select(token_series.c.tenant_id).distinct().order_by("tenant_id")).scalars())


def _totals(connection: Connection, name: str, tenant_id: str, first: date, last: date) -> Mapping[date, int]:
    table = _SERIES[name]
    query = select(table.c.day, table.c.total).where(
        table.c.tenant_id == tenant_id, table.c.day.between(first, last)
    )
    return {row.day: row.total for row in connection.execute(query)}


def missing_days(storage: Storage, query: UsageQuery) -> list[date]:
    """The days of the query that are missing: null where it is grouped by day, in no sum where it is not."""
    with storage.warehouse.connect() as connection:
        missing = set(DayReader(storage, connection).missing(query.first, query.last))
    return [day for day in query.days if day in missing]


def ingested_days(storage: Storage, query: UsageQuery) -> list[date]:
    """The days of the query that are not missing."""
    missing = set(missing_days(storage, query))
    return [day for day in query.days if day not in missing]


def read_usage(storage: Storage, query: UsageQuery) -> list[dict[str, object]]:
    """One row per group, ordered by the groups; sums of groups and of days are the total.

    What is known of a missing day counts nowhere. Grouped by day it has one row, of nulls, and rows are
    ordered by day first; grouped by day alone, each other day has a row too.
    """
    missing = set(missing_days(storage, query))
    groups = tuple(name for name in query.group_by if name != "day")
    if groups == query.group_by:
        return _named(groups, query, _sums(storage, query, groups, missing))
    found = _sums(storage, query, ("day", *groups), missing)
    rows = with_outages(query.days, missing, found, Width(len(groups), len(query.metrics)))
    return _named(("day", *groups), query, rows)


def _named(groups: tuple[str, ...], query: UsageQuery, rows: list[Row]) -> list[dict[str, object]]:
    """The rows under the words of the query, in their order."""
    named = (dict(zip((*groups, *query.metrics), row, strict=True)) for row in rows)
    return [{name: row[name] for name in (*query.group_by, *query.metrics)} for row in named]


def _sums(storage: Storage, query: UsageQuery, group_by: tuple[str, ...], missing: Collection[date]) -> list[Row]:
    groups = "".join(f'"{GROUPS[name]}" AS "{name}", ' for name in group_by)
    sums = ", ".join(f'CAST(coalesce(sum("{name}"), 0) AS BIGINT) AS "{name}"' for name in query.metrics)
    tests = [f'"{GROUPS[name]}" = {literal(value)}' for name, value in query.where if name != "day"]
    days = [day for day in query.days if day not in missing]
    with session(storage.engine) as duck, damage_named():
        return duck.execute(
            f"SELECT {groups}{sums} FROM ({_cubes(storage, days)}) AS cubes WHERE {' AND '.join(tests) or 'true'}"
            + (" GROUP BY ALL ORDER BY ALL" if group_by else "")
        ).fetchall()


def usage_by_group(storage: Storage, query: UsageQuery) -> dict[tuple[Any, ...], dict[str, Any]]:
    """The same without missing days, by the values of the groups in their order: the metrics by name."""
    return {
        tuple(row[name] for name in query.group_by): {name: row[name] for name in query.metrics}
        for row in read_usage(storage, query)
        if row[query.metrics[0]] is not None
    }


def of_tenant(tenant_id: str | None) -> tuple[tuple[str, str], ...]:
    """The filter on one tenant; none for all tenants together."""
    return () if tenant_id is None else (("tenant", tenant_id),)


def _cubes(storage: Storage, days: Collection[date]) -> str:
    """Both cubes under one another: conversations are counted by one, everything else by the other."""
    additive = ", ".join(f'"{column.name}"' for column in CUBE_METRICS)
    zeros = ", ".join(f'0 AS "{column.name}"' for column in CUBE_METRICS)
    grain = ", ".join(["day", "tenant_id", *DIMENSIONS])
    usage, starts = (scan(storage, table.spec, days) for table in (DAILY_USAGE, CONVERSATION_STARTS))
    return (
        f"SELECT {grain}, {additive}, 0 AS {CONVERSATIONS.name} FROM ({usage}) AS usage "
        f"UNION ALL SELECT {grain}, {zeros}, {CONVERSATIONS.name} FROM ({starts}) AS starts"
    )
