"""Reads series and usage for people and programs. Exact integers; a missing day is null, not zero."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from duckdb import Error as DuckDBError
from sqlalchemy import Connection, select

from usage_pipeline.errors import PartitionError, QueryError
from usage_pipeline.series.dimensions import CONVERSATIONS, CUBE_METRICS, DIMENSIONS, METRICS
from usage_pipeline.series.status import DayReader, DayStatus
from usage_pipeline.series.tables import CONVERSATION_STARTS, DAILY_USAGE
from usage_pipeline.storage import state
from usage_pipeline.storage.engine import literal, parquet_scan, session
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import conversation_series, message_series, token_series
from usage_pipeline.storage.tables import TableSpec

GROUPS = {"day": "day", "tenant": "tenant_id", **{name: name for name in DIMENSIONS}}
"""What usage can be grouped and filtered by, and the cube's column behind each word."""

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


@dataclass(frozen=True)
class UsageQuery:
    """Additive metrics of a range of days, grouped and filtered by day, tenant and dimensions."""

    first: date
    last: date
    group_by: tuple[str, ...] = ()
    where: tuple[tuple[str, str], ...] = ()
    metrics: tuple[str, ...] = METRICS

    def __post_init__(self) -> None:
        """Refuse words that are no dimension or metric, or that stand twice."""
        for words in (self.group_by, self.metrics):
            if len(set(words)) < len(words):
                raise QueryError(f"{', '.join(words)}: a word stands twice; name each once.")
        if not self.metrics:
            raise QueryError(f"No metric is named; expected some of {', '.join(METRICS)}.")
        for name in (*self.group_by, *(name for name, _ in self.where)):
            if name not in GROUPS:
                raise QueryError(f"There is no dimension {name!r}; expected one of {', '.join(GROUPS)}.")
        for name in self.metrics:
            if name not in METRICS:
                raise QueryError(f"There is no metric {name!r}; expected one of {', '.join(METRICS)}.")


def read_usage(storage: Storage, query: UsageQuery) -> list[dict[str, object]]:
    """One row per group, ordered by the groups; sums of groups and of days are the total."""
    columns = [GROUPS[name] for name in query.group_by]
    groups = "".join(f'"{column}" AS "{name}", ' for name, column in zip(query.group_by, columns, strict=True))
    sums = ", ".join(f'CAST(coalesce(sum("{name}"), 0) AS BIGINT) AS "{name}"' for name in query.metrics)
    tests = "".join(f' AND CAST("{GROUPS[name]}" AS VARCHAR) = {literal(value)}' for name, value in query.where)
    with session(storage.engine) as duck, _damage_named():
        result = duck.execute(
            f"SELECT {groups}{sums} FROM ({_cubes(storage, query)}) AS cubes "
            f"WHERE day BETWEEN $first AND $last{tests}" + (" GROUP BY ALL ORDER BY ALL" if columns else ""),
            {"first": query.first, "last": query.last},
        )
        names = [*query.group_by, *query.metrics]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def usage_by_group(storage: Storage, query: UsageQuery) -> dict[tuple[Any, ...], dict[str, Any]]:
    """The same by group: the values of the groups, in their order, and the metrics by name, whole numbers."""
    return {
        tuple(row[name] for name in query.group_by): {name: row[name] for name in query.metrics}
        for row in read_usage(storage, query)
    }


def of_tenant(tenant_id: str | None) -> tuple[tuple[str, str], ...]:
    """The filter on one tenant; none for all tenants together."""
    return () if tenant_id is None else (("tenant", tenant_id),)


@contextmanager
def _damage_named() -> Iterator[None]:
    try:
        yield
    except DuckDBError as error:
        raise PartitionError(
            f"A rollup cannot be read: {str(error).splitlines()[0]} "
            "If it is damaged, `usage-pipeline recompute` writes its day again."
        ) from None


def _cubes(storage: Storage, query: UsageQuery) -> str:
    """Both cubes under one another: conversations are counted by one, everything else by the other."""
    additive = ", ".join(f'"{column.name}"' for column in CUBE_METRICS)
    zeros = ", ".join(f'0 AS "{column.name}"' for column in CUBE_METRICS)
    grain = ", ".join(["day", "tenant_id", *DIMENSIONS])
    usage, starts = (
        _scan(storage, table, query.first, query.last) for table in (DAILY_USAGE.spec, CONVERSATION_STARTS.spec)
    )
    return (
        f"SELECT {grain}, {additive}, 0 AS {CONVERSATIONS.name} FROM ({usage}) AS usage "
        f"UNION ALL SELECT {grain}, {zeros}, {CONVERSATIONS.name} FROM ({starts}) AS starts"
    )


def _scan(storage: Storage, spec: TableSpec, first: date, last: date) -> str:
    objects = storage.lake.days(spec)
    with storage.warehouse.connect() as connection:
        filled = {day for day, known in state.partitions(connection, spec.name, first, last).items() if known.rows}
    missing = sorted(filled - objects.keys())
    if missing:
        raise PartitionError(
            f"{spec.name}: {len(missing)} days from {missing[0]} on are gone from {storage.settings.data_dir}; "
            "a total without them would be wrong. Run `usage-pipeline run`: it computes what is missing."
        )
    paths = [objects[day] for day in sorted(filled)]
    return f"FROM {parquet_scan(paths)}" if paths else spec.empty_select()
