"""Reads sums of the cubes: usage and costs by day, and usage by intervals."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from itertools import chain
from typing import Any

from usage_pipeline.costs.tables import DAILY_COSTS, TENANT_COSTS
from usage_pipeline.credits.tables import CREDIT_USAGE
from usage_pipeline.metrics.answers import Answer, Row, coverage, known_days, statuses_of, with_missing
from usage_pipeline.metrics.buckets import Bucket, buckets, time_zone
from usage_pipeline.metrics.published import PublishedCosts
from usage_pipeline.metrics.queries import CostQuery, IntervalQuery, Query, UsageQuery
from usage_pipeline.metrics.rollups import scan
from usage_pipeline.metrics.words import CREDIT_METRICS, DECIMAL_METRICS, UNRATED
from usage_pipeline.registry import CONVERSATIONS, DIMENSION_NAMES, NOT_TOKENS, RECORD_METRIC_NAMES, TokenClass
from usage_pipeline.series.status import DayStatus
from usage_pipeline.series.tables import CONVERSATION_STARTS, DAILY_USAGE, USAGE_QUARTER_HOURS
from usage_pipeline.storage.daily import DailyTable
from usage_pipeline.storage.engine import damage_named, execute_parsed, literal, session
from usage_pipeline.storage.opened import Storage

Sums = Sequence[Sequence[Any]]
"""Rows of (groups, metrics)."""

_NOT_TOKENS = ", ".join(f"'{name}'" for name in NOT_TOKENS)


def _unpriced(condition: str) -> str:
    return f"CAST(coalesce(sum(quantity) FILTER ({condition} AND amount IS NULL), 0) AS BIGINT)"


_COST_SUMS = {
    "tokens": f"CAST(coalesce(sum(quantity) FILTER (class NOT IN ({_NOT_TOKENS})), 0) AS BIGINT)",
    "unpriced_tokens": _unpriced(f"class NOT IN ({_NOT_TOKENS})"),
    "fees": f"CAST(coalesce(sum(quantity) FILTER (class IN ({_NOT_TOKENS})), 0) AS BIGINT)",
    "unpriced_requests": _unpriced(f"class = '{TokenClass.REQUEST}'"),
    "unpriced_tool_calls": _unpriced(f"class IN ('{TokenClass.TOOL_CALL}', '{TokenClass.WEB_SEARCH}')"),
    "amount": "CAST(CASE WHEN count(*) = 0 THEN 0 ELSE sum(amount) END AS DECIMAL(38,12))",
}


_CREDIT_SUMS = {
    "unrated_operations": f"CAST(coalesce(sum(operations) FILTER ({UNRATED} <> ''), 0) AS BIGINT)",
    "credits": ("CAST(CASE WHEN coalesce(sum(operations), 0) = 0 THEN 0 ELSE sum(credits) END AS DECIMAL(38,12))"),
}


def read_usage(storage: Storage, query: UsageQuery) -> Answer:
    """Read the cubes of usage and credits."""
    statuses = statuses_of(storage, query.days, *tables_of(query))
    cubes = _cubes(storage, query, known_days(statuses))
    return answer_of(query, statuses, lambda groups: _sums(storage, query, groups, cubes))


def read_ranges(storage: Storage, queries: Sequence[UsageQuery] | Sequence[CostQuery]) -> list[Answer]:
    """Read the same of several ranges of days, by one SELECT. The queries have no groups, and share no day."""
    first = queries[0]
    statuses = [statuses_of(storage, query.days, *tables_of(query)) for query in queries]
    known = [day for of_range in statuses for day in known_days(of_range)]
    if isinstance(first, UsageQuery):
        cube = _cubes(storage, first, known)
    else:
        cube = scan(storage, DAILY_COSTS.spec, known)
    cases = " ".join(
        f"WHEN day BETWEEN DATE '{query.first}' AND DATE '{query.last}' THEN {number}"
        for number, query in enumerate(queries)
    )
    numbered = f"SELECT *, CASE {cases} END AS {_RANGE} FROM ({cube})"
    sums = {number: row for number, *row in _sums(storage, first, (_RANGE,), numbered)}
    rows = [sums.get(number, [0] * len(first.metrics)) for number in range(len(queries))]
    return [
        answer_of(query, of_range, partial(_always, row))
        for query, of_range, row in zip(queries, statuses, rows, strict=True)
    ]


def _always(row: Sequence[Any], _: Sequence[str]) -> Sums:
    return [row]


def read_costs(storage: Storage, query: CostQuery) -> Answer:
    """Read the cube of costs, or the costs that were published."""
    statuses = statuses_of(storage, query.days, *tables_of(query))
    if query.as_of is not None:
        published = PublishedCosts(storage, query, query.as_of)
        statuses = published.statuses(statuses)
        return answer_of(query, statuses, lambda groups: published.sums(groups, known_days(statuses)))
    cube = scan(storage, DAILY_COSTS.spec, known_days(statuses))
    return answer_of(query, statuses, lambda groups: _sums(storage, query, groups, cube))


def answer_of(query: Query, statuses: Mapping[date, DayStatus], sums: Callable[[Sequence[str]], Sums]) -> Answer:
    """The answer of these sums, which are by the groups that they are called with."""
    groups = tuple(name for name in query.group_by if name != "day")
    known = known_days(statuses)
    missing = statuses.keys() - set(known)
    if groups == query.group_by:
        is_unknown = isinstance(query, CostQuery) and not known and not groups
        found = [(None,) * len(query.metrics)] if is_unknown else sums(groups)
    else:
        groups = ("day", *groups)
        found = with_missing(statuses, missing, sums(groups), query)
    return Answer(query, [_named(query, groups, row, missing) for row in found], statuses)


def _named(query: Query, groups: Sequence[str], row: Sequence[Any], missing: Collection[date]) -> Row:
    """The row by the names in the columns of the query, in their order."""
    named = dict(zip((*groups, *query.metrics), row, strict=True))
    for name in DECIMAL_METRICS:
        if named.get(name) is not None:
            named[name] = Decimal(named[name])
    if isinstance(query, CostQuery):
        for name, (whole, *parts) in query.coverages.items():
            named[name] = coverage(named[whole], sum(named[part] or 0 for part in parts))
        named["missing_days"] = int(named["day"] in missing) if "day" in named else len(missing)
    return {name: named[name] for name in query.columns}


def _sums(
    storage: Storage, query: Query, group_by: Sequence[str], rows: str, parameters: Sequence[object] = ()
) -> Sums:
    columns = {**query.groups, "start": "start", _RANGE: _RANGE}
    groups = "".join(f'"{columns[name]}" AS "{name}", ' for name in group_by)
    sums = ", ".join(f'{_sum(name)} AS "{name}"' for name in query.metrics)
    equal = [(query.filters[name], value) for name, value in query.where if name != "day"]
    tests = [
        *(f'"{column}" = ${place}' for place, (column, _) in enumerate(equal, len(parameters) + 1)),
        *(f'"{query.filters[name]}" IN ({", ".join(map(literal, values))})' for name, values in query.among),
    ]
    select = (
        f"SELECT {groups}{sums} FROM ({rows}) AS cube WHERE {' AND '.join(tests) or 'true'}"
        f"{' GROUP BY ALL ORDER BY ALL' if group_by else ''}"
    )
    with session(storage.engine) as duck, damage_named():
        return execute_parsed(duck, select, [*parameters, *(value for _, value in equal)]).fetchall()


def _sum(metric: str) -> str:
    return (_COST_SUMS | _CREDIT_SUMS).get(metric, f'CAST(coalesce(sum("{metric}"), 0) AS BIGINT)')


_RANGE = "range_number"
_OPERATIONS = ("operations", "credits", UNRATED)
_CUBES = (
    (DAILY_USAGE, RECORD_METRIC_NAMES),
    (CONVERSATION_STARTS, (CONVERSATIONS.name,)),
    (CREDIT_USAGE, _OPERATIONS),
)
"""The cubes, and what is read from each."""


def _cubes(storage: Storage, query: UsageQuery, days: Collection[date]) -> str:
    """The cubes that the metrics are in, under one another: each has nulls for what the others have.

    They have only the columns that are asked for, because planning takes longer than reading.
    """
    named = {query.groups[name] for name in ("day", *query.group_by, *query.filtered)}
    grain = [name for name in ("day", "tenant_id", *DIMENSION_NAMES) if name in named]
    return " UNION ALL BY NAME ".join(
        f"SELECT {', '.join([*grain, *names])} FROM ({scan(storage, table.spec, days)}) AS {table.name}"
        for table, names in _cubes_of(query)
    )


def _cubes_of(query: UsageQuery) -> list[tuple[DailyTable, list[str]]]:
    """The cubes that the metrics are in, and what is read from each."""
    asked = {*query.metrics}
    if asked.intersection(CREDIT_METRICS):
        asked.update(_OPERATIONS)
    # Groups with records, and without a conversation that began, have 0.
    with_records = {DAILY_USAGE} if CONVERSATIONS.name in asked else set()
    return [
        (table, [name for name in names if name in asked])
        for table, names in _CUBES
        if asked.intersection(names) or table in with_records
    ]


def tables_of(query: UsageQuery | CostQuery) -> list[str]:
    """The names of the tables that have the numbers of a query: a day without one of them is missing."""
    if isinstance(query, UsageQuery):
        return [table.name for table, _ in _cubes_of(query)]
    return [DAILY_COSTS.name if query.as_of is None else TENANT_COSTS.name]


def read_intervals(storage: Storage, query: IntervalQuery) -> Answer:
    """Read the quarter hours, by the intervals of local days."""
    zone = time_zone(query.time_zone)
    cut = buckets(query.first, query.last, query.interval, zone)
    days = sorted({day for bucket in cut for day in bucket.utc_days})
    statuses = statuses_of(storage, days, USAGE_QUARTER_HOURS.name)
    missing = statuses.keys() - set(known_days(statuses))
    quarter_hours = scan(storage, USAGE_QUARTER_HOURS.spec, statuses.keys() - missing)
    rows = (
        f"SELECT usage.*, buckets.start FROM ({quarter_hours}) AS usage INNER JOIN "
        "(SELECT unnest($1) AS quarter_hour, unnest($2) AS start) AS buckets USING (quarter_hour)"
    )
    outages = {bucket.start for bucket in cut if bucket.utc_days & missing}
    starts = _starts([bucket for bucket in cut if bucket.start not in outages])
    found = [
        (start.replace(tzinfo=UTC), *values)
        for start, *values in _sums(storage, query, ("start", *query.group_by), rows, starts)
    ]
    shown = with_missing((bucket.start for bucket in cut), outages, found, query)
    named = [(start.astimezone(zone).isoformat(), *values) for start, *values in shown]
    partly = {
        bucket.start.astimezone(zone): bucket.utc_days & missing
        for bucket in cut
        if bucket.start in outages and not bucket.utc_days <= missing
    }
    return Answer(query, [dict(zip(query.columns, row, strict=True)) for row in named], statuses, partly)


def _starts(cut: Sequence[Bucket]) -> tuple[list[datetime], list[datetime]]:
    """Their quarter hours, and the start of the interval of each; both UTC without a zone, as they are stored."""
    moments = [moment.replace(tzinfo=None) for bucket in cut for moment in bucket.quarter_hours]
    starts = ([bucket.start.replace(tzinfo=None)] * len(bucket.quarter_hours) for bucket in cut)
    return moments, [*chain.from_iterable(starts)]
