"""Reads how fast and how faultlessly requests were answered, by day, by model, by both or in all."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import BigInteger, cast, func, select

from usage_pipeline.metrics.answers import Answer, Row, conditions, known_days, one_decimal, statuses_of
from usage_pipeline.metrics.cubes import read_usage
from usage_pipeline.metrics.queries import PerformanceQuery, UsageQuery
from usage_pipeline.series.breakdown_tables import DAILY_PERFORMANCE
from usage_pipeline.series.latency import UNMEASURED_MS, percentile
from usage_pipeline.series.status import DayStatus
from usage_pipeline.series.tables import DAILY_USAGE
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import warehouse_table

daily_performance = warehouse_table(DAILY_PERFORMANCE.spec)

_PER_REQUEST = frozenset({"tokens_per_request", "bytes_per_request"})
"""What relates requests to other numbers."""
_Key = tuple[date | str, ...]


@dataclass
class _Counts:
    requests: int = 0
    errors: int = 0
    histogram: Counter[int] = field(default_factory=Counter)
    tokens: int = 0
    bytes: int = 0


def read_performance(storage: Storage, query: PerformanceQuery) -> Answer:
    """Read requests and latencies, and relate them to the tokens and bytes of the same groups.

    By day and model a missing day is one row without a model.
    """
    volumes = (DAILY_USAGE.name,) if _PER_REQUEST.intersection(query.metrics) else ()
    statuses = statuses_of(storage, query.days, daily_performance.name, *volumes)
    known = known_days(statuses)
    counts = _read_requests(storage, query, known)
    if volumes:
        _add_volumes(storage, query, counts)
    if not query.group_by:
        row = _row(query, (), counts.get((), _Counts())) if known else dict.fromkeys(query.columns)
        return Answer(query, [row], statuses)
    if "day" not in query.group_by:
        return Answer(query, [_row(query, key, counts[key]) for key in sorted(counts)], statuses)
    rows = [row for day, status in statuses.items() for row in _of_day(query, counts, day, status)]
    return Answer(query, rows, statuses)


def _of_day(query: PerformanceQuery, counts: Mapping[_Key, _Counts], day: date, status: DayStatus) -> list[Row]:
    if status is DayStatus.MISSING:
        return [{**dict.fromkeys(query.columns), "day": day}]
    if query.group_by == ("day",):
        return [_row(query, (day,), counts.get((day,), _Counts()))]
    return [_row(query, key, counts[key]) for key in sorted(counts) if key[0] == day]


def _row(query: PerformanceQuery, key: _Key, counts: _Counts) -> Row:
    values = {
        **dict(zip(query.group_by, key, strict=True)),
        "requests": counts.requests,
        "errors": counts.errors,
        "error_percent": one_decimal(100 * counts.errors, counts.requests),
        "p50_ms": percentile(counts.histogram, 50),
        "p95_ms": percentile(counts.histogram, 95),
        "p99_ms": percentile(counts.histogram, 99),
        "tokens_per_request": one_decimal(counts.tokens, counts.requests),
        "bytes_per_request": one_decimal(counts.bytes, counts.requests),
    }
    return {name: values[name] for name in query.columns}


def _read_requests(storage: Storage, query: PerformanceQuery, days: Collection[date]) -> dict[_Key, _Counts]:
    table = daily_performance.c
    groups = [table[query.groups[name]] for name in query.group_by]
    sums = [cast(func.sum(table[name]), BigInteger) for name in ("requests", "errors", "measured")]
    selected = select(*groups, table.latency_to_ms, *sums).where(*conditions(query, daily_performance, days))
    found: defaultdict[_Key, _Counts] = defaultdict(_Counts)
    with storage.warehouse.connect() as connection:
        for *key, to_ms, requests, errors, measured in connection.execute(
            selected.group_by(*groups, table.latency_to_ms)
        ):
            counts = found[tuple(key)]
            counts.requests += requests
            counts.errors += errors
            if to_ms != UNMEASURED_MS:
                counts.histogram[to_ms] += measured
    return found


def _add_volumes(storage: Storage, query: PerformanceQuery, found: Mapping[_Key, _Counts]) -> None:
    volumes_of = UsageQuery(
        query.first, query.last, query.group_by, query.where, ("tokens_total", "bytes"), among=query.among
    )
    for group, volumes in read_usage(storage, volumes_of).by_group.items():
        if group in found:
            found[group].tokens += volumes["tokens_total"]
            found[group].bytes += volumes["bytes"]
