"""Reads how fast and how faultlessly requests were answered, by day, by model or by both."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from sqlalchemy import BigInteger, cast, func, select

from usage_pipeline.metrics.queries import PerformanceQuery, UsageQuery, of_tenant
from usage_pipeline.metrics.ratios import one_decimal
from usage_pipeline.metrics.read import Answer, read
from usage_pipeline.series.breakdown_tables import DAILY_PERFORMANCE
from usage_pipeline.series.latency import UNMEASURED_MS, percentile
from usage_pipeline.series.status import DayReader, DayStatus
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import warehouse_table

daily_performance = warehouse_table(DAILY_PERFORMANCE.spec)


@dataclass(frozen=True)
class Performance:
    """One group; day and model where it is grouped by them. On a missing day everything else is null.

    Percentiles are upper bounds of buckets that are 5 % wide, null without latencies. Errors are a
    percentage of requests, tokens and bytes an average per request: one decimal, null without requests.
    """

    day: date | None = None
    model: str | None = None
    requests: int | None = None
    errors: int | None = None
    error_percent: Decimal | None = None
    p50_ms: int | None = None
    p95_ms: int | None = None
    p99_ms: int | None = None
    tokens_per_request: Decimal | None = None
    bytes_per_request: Decimal | None = None


_Key = tuple[date | str, ...]


@dataclass
class _Counts:
    requests: int = 0
    errors: int = 0
    histogram: Counter[int] = field(default_factory=Counter)
    tokens: int = 0
    bytes: int = 0


def read_performance(storage: Storage, query: PerformanceQuery) -> list[Performance]:
    """One entry per group, in the order of the groups; a model without requests and latencies has none.

    By day there is an entry for every day; by day and model a missing day is one entry without a model.
    """
    counts = _read_counts(storage, query)
    if "day" not in query.group_by:
        return [_performance(query, key, counts[key]) for key in sorted(counts)]
    with storage.warehouse.connect() as connection:
        days = DayReader(storage, connection).read(query.first, query.last)
    return [
        entry
        for day in days
        for entry in (
            [Performance(day=day.day)] if day.status is DayStatus.MISSING else _of_day(query, counts, day.day)
        )
    ]


def _of_day(query: PerformanceQuery, counts: Mapping[_Key, _Counts], day: date) -> list[Performance]:
    if query.group_by == ("day",):
        return [_performance(query, (day,), counts.get((day,), _Counts()))]
    return [_performance(query, key, counts[key]) for key in sorted(counts) if key[0] == day]


def _performance(query: PerformanceQuery, key: _Key, counts: _Counts) -> Performance:
    return Performance(
        **dict(zip(query.group_by, key, strict=True)),  # type: ignore[arg-type]  # a date for day, a text for model
        requests=counts.requests,
        errors=counts.errors,
        error_percent=one_decimal(100 * counts.errors, counts.requests),
        p50_ms=percentile(counts.histogram, 50),
        p95_ms=percentile(counts.histogram, 95),
        p99_ms=percentile(counts.histogram, 99),
        tokens_per_request=one_decimal(counts.tokens, counts.requests),
        bytes_per_request=one_decimal(counts.bytes, counts.requests),
    )


def _read_counts(storage: Storage, query: PerformanceQuery) -> dict[_Key, _Counts]:
    found: defaultdict[_Key, _Counts] = defaultdict(_Counts)
    volumes = UsageQuery(
        query.first, query.last, query.group_by, of_tenant(query.tenant_id), ("tokens_total", "bytes")
    )
    answer = read(storage, volumes)
    _add_requests(storage, query, answer.known, found)
    _add_volumes(answer, found)
    return found


def _add_requests(
    storage: Storage, query: PerformanceQuery, days: Sequence[date], found: defaultdict[_Key, _Counts]
) -> None:
    table = daily_performance.c
    groups = [table[name] for name in query.group_by]
    sums = [cast(func.sum(table[name]), BigInteger) for name in ("requests", "errors", "measured")]
    selected = select(*groups, table.latency_to_ms, *sums).where(table.day.in_(days))
    if query.tenant_id is not None:
        selected = selected.where(table.tenant_id == query.tenant_id)
    with storage.warehouse.connect() as connection:
        for *key, to_ms, requests, errors, measured in connection.execute(
            selected.group_by(*groups, table.latency_to_ms)
        ):
            counts = found[tuple(key)]
            counts.requests += requests
            counts.errors += errors
            if to_ms != UNMEASURED_MS:
                counts.histogram[to_ms] += measured


def _add_volumes(answer: Answer, found: Mapping[_Key, _Counts]) -> None:
    for group, volumes in answer.by_group.items():
        if group in found:
            found[group].tokens += volumes["tokens_total"]
            found[group].bytes += volumes["bytes"]
