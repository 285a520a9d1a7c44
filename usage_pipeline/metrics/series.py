"""Reads the three series. Exact integers; a missing day is null, not zero."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, time

from sqlalchemy import BigInteger, Connection, FromClause, Select, cast, func, literal, select, union_all

from usage_pipeline.metrics.answers import Answer, Row, conditions, known_days, statuses_of
from usage_pipeline.metrics.published import Published, as_published
from usage_pipeline.metrics.queries import SeriesQuery
from usage_pipeline.series.tables import CONVERSATION_SERIES, MESSAGE_SERIES, TOKEN_SERIES
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import warehouse_table

conversation_series = warehouse_table(CONVERSATION_SERIES.spec)
message_series = warehouse_table(MESSAGE_SERIES.spec)
token_series = warehouse_table(TOKEN_SERIES.spec)

_TABLES = {"tokens": token_series, "conversations": conversation_series, "messages": message_series}


def read_series(storage: Storage, query: SeriesQuery) -> Answer:
    """Read the totals of each day."""
    statuses = statuses_of(storage, query.days)
    known = known_days(statuses)
    with storage.warehouse.connect() as connection:
        totals = _totals(connection, query, known)
    rows: list[Row] = [{"day": day, **{name: totals[name].get(day) for name in totals}} for day in statuses]
    published = {day for of_series in totals.values() for day in of_series}
    return Answer(query, rows, as_published(statuses, published))


def _totals(connection: Connection, query: SeriesQuery, days: Collection[date]) -> dict[str, Mapping[date, int]]:
    """The total of each of the days by series, and of those only that were published by then."""
    days_of, sums = {}, []
    for name in query.metrics:
        rows: FromClause = _TABLES[name]
        days_of[name] = days
        if query.as_of is not None:
            published = Published(_TABLES[name].name, query.as_of)
            rows, days_of[name] = published.rows(), published.days(connection, days)
        sums.append(_sums(name, rows, query, days_of[name]))
    found: defaultdict[str, dict[date, int]] = defaultdict(dict)
    # All at once, which is quicker than one by one.
    for series, day, total in connection.execute(union_all(*sums)).all():
        found[series][day] = total
    return {name: {day: found[name].get(day, 0) for day in known} for name, known in days_of.items()}


def _sums(name: str, rows: FromClause, query: SeriesQuery, days: Collection[date]) -> Select[str, date, int]:
    total = rows.c.total if query.as_of is None else rows.c.quantity
    sums = select(literal(name).label("series"), rows.c.day, cast(func.sum(total), BigInteger).label("total"))
    return sums.where(*conditions(query, rows, days)).group_by(rows.c.day)


def series_points(rows: Sequence[Row]) -> dict[str, list[dict[str, int | None]]]:
    """The three series as parallel lists of `{date: midnight UTC in ms, total}`."""
    return {name: [{"date": _milliseconds(row["day"]), "total": row[name]} for row in rows] for name in _TABLES}


def _milliseconds(day: date) -> int:
    """UTC midnight, since 1970."""
    return int(datetime.combine(day, time(), UTC).timestamp()) * 1000


def known_tenants(connection: Connection) -> list[str]:
    """All tenants that the series know."""
    return list(connection.execute(select(token_series.c.tenant_id).distinct().order_by("tenant_id")).scalars())
