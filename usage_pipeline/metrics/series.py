"""Reads the three series. Exact integers; a missing day is null, not zero."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, time
from functools import cache

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    CompoundSelect,
    Connection,
    FromClause,
    Select,
    Text,
    any_,
    bindparam,
    cast,
    func,
    literal,
    select,
    union_all,
)

from usage_pipeline.metrics.answers import Answer, Row, any_of_days, days_literal, known_days, statuses_of
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
    statuses = statuses_of(storage, query.days, *(_TABLES[name].name for name in query.metrics))
    known = known_days(statuses)
    with storage.warehouse.connect() as connection:
        totals = _totals(connection, query, known)
    rows: list[Row] = [{"day": day, **{name: totals[name].get(day) for name in totals}} for day in statuses]
    published = {day for of_series in totals.values() for day in of_series}
    return Answer(query, rows, as_published(statuses, published))


def _totals(connection: Connection, query: SeriesQuery, days: Collection[date]) -> dict[str, Mapping[date, int]]:
    """The total of each of the days by series, and of those only that were published by then."""
    filters = [*((name, [value]) for name, value in query.where if name != "day"), *query.among]
    columns = tuple(query.filters[name] for name, _ in filters)
    if query.as_of is None:
        days_of = dict.fromkeys(query.metrics, days)
        sums = _present_sums(query.metrics, columns)
    else:
        published = {name: Published(_TABLES[name].name, query.as_of) for name in query.metrics}
        days_of = {name: found.days(connection, days) for name, found in published.items()}
        rows = {name: found.rows() for name, found in published.items()}
        sums = union_all(*(_sums(name, of, of.c.quantity, columns) for name, of in rows.items()))
    asked = {name: days_literal(of_series) for name, of_series in days_of.items()}
    values = {_value(place): [*wanted] for place, (_, wanted) in enumerate(filters)}
    found: defaultdict[str, dict[date, int]] = defaultdict(dict)
    # All at once, which is quicker than one by one.
    for series, day, total in connection.execute(sums, {**asked, **values}).all():
        found[series][day] = total
    return {name: {day: found[name].get(day, 0) for day in known} for name, known in days_of.items()}


@cache
def _present_sums(series: tuple[str, ...], filtered: tuple[str, ...]) -> CompoundSelect[str, date, int]:
    """The SELECT of the totals as they are now. It is kept: to put it together takes longer than to run it."""
    return union_all(*(_sums(name, _TABLES[name], _TABLES[name].c.total, filtered) for name in series))


def _sums(
    name: str, rows: FromClause, total: ColumnElement[int], filtered: Sequence[str]
) -> Select[str, date, int]:
    """The SELECT of one series. Its days and the values of each column that is filtered are parameters."""
    sums = select(literal(name).label("series"), rows.c.day, cast(func.sum(total), BigInteger).label("total"))
    of_values = [
        rows.c[column] == any_(bindparam(_value(place), type_=ARRAY(Text)))
        for place, column in enumerate(filtered)
    ]
    return sums.where(rows.c.day == any_of_days(bindparam(name, type_=Text)), *of_values).group_by(rows.c.day)


def _value(place: int) -> str:
    return f"value_{place}"


def series_points(rows: Sequence[Row]) -> dict[str, list[dict[str, int | None]]]:
    """The three series as parallel lists of `{date: midnight UTC in ms, total}`."""
    return {name: [{"date": _milliseconds(row["day"]), "total": row[name]} for row in rows] for name in _TABLES}


def _milliseconds(day: date) -> int:
    """UTC midnight, since 1970."""
    return int(datetime.combine(day, time(), UTC).timestamp()) * 1000


def known_tenants(connection: Connection) -> list[str]:
    """All tenants that the series know."""
    return list(connection.execute(select(token_series.c.tenant_id).distinct().order_by("tenant_id")).scalars())
