"""At which hours of the week there is usage, by the clock of the tenant."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from usage_pipeline.clock import WEEKDAYS, days_between
from usage_pipeline.metrics.answers import Row, known_days, statuses_of
from usage_pipeline.metrics.buckets import Interval, buckets, time_zone
from usage_pipeline.metrics.queries import IntervalQuery
from usage_pipeline.registry import WITHIN_DAY_NAMES
from usage_pipeline.reports.batch import Batch, Tables, TenantId
from usage_pipeline.reports.display import Kind
from usage_pipeline.reports.model import Column, Values
from usage_pipeline.reports.scope import ReportPeriod
from usage_pipeline.reports.table_spec import TableSpec
from usage_pipeline.series.tables import USAGE_QUARTER_HOURS

_ONE = timedelta(days=1)
"""How far a local day may be from its UTC day."""
_HOURS = range(24)
_METRICS = ("requests", "tokens_total")
WeekHour = tuple[int, int]
"""A weekday, 0 for Monday, and an hour."""

WEEKDAY_HOURS = TableSpec(
    "weekday_hours",
    "Hours of the week",
    "Hours of the local days of the period, in the time zone of the tenant, UTC for all tenants together.",
    (
        Column("weekday", "Weekday", Kind.TEXT),
        Column("hour", "Hour", Kind.COUNT),
        Column("requests", "Requests", Kind.COUNT, adds_up=True),
        Column("tokens", "Tokens", Kind.COUNT, adds_up=True),
    ),
)


def hours(batch: Batch) -> Tables:
    """Return the hours of those with usage. Filters other than by hour have none."""
    if any(name not in WITHIN_DAY_NAMES for name, _ in batch.filters):
        return {}
    return {
        subject: [WEEKDAY_HOURS.summed(rows)]
        for subject, rows in week_hours(batch).items()
        if subject is None or any(requests or tokens for _, _, requests, tokens in rows)
    }


def week_hours(batch: Batch) -> Mapping[TenantId, list[Values]]:
    """Return the sums of each hour of the week, from Monday on; None where none is known."""
    batch = replace(batch, period=_known_part(batch))
    found: dict[TenantId, list[Values]] = {}
    for zone, subjects in _by_zone(batch).items():
        part = replace(batch, tenant_ids=tuple(subject for subject in subjects if subject is not None))
        rows = part.ask(IntervalQuery, (), _METRICS, interval=Interval.HOUR, time_zone=zone)
        known = _known_hours(batch, zone)
        found.update({subject: list(_rows(rows.get(subject, ()), known)) for subject in subjects})
    return found


def _known_part(batch: Batch) -> ReportPeriod:
    """Return the period without the days before and after all that are known, as cutting them takes long."""
    first, last = batch.period.first, batch.period.last
    known = known_days(
        statuses_of(batch.storage, days_between(first - _ONE, last + _ONE), USAGE_QUARTER_HOURS.name)
    )
    if not known:
        return ReportPeriod(first, first)
    return ReportPeriod(max(first, min(known) - _ONE), min(last, max(known) + _ONE))


def _by_zone(batch: Batch) -> Mapping[str, list[TenantId]]:
    found: defaultdict[str, list[TenantId]] = defaultdict(list)
    for subject in batch.subjects:
        tenant = batch.tenants.by_id.get(subject) if subject is not None else None
        found[tenant.time_zone if tenant else "UTC"].append(subject)
    return found


def _known_hours(batch: Batch, zone: str) -> set[WeekHour]:
    """Return the hours of the week of which the period has one without a missing day."""
    cut = buckets(batch.period.first, batch.period.last, Interval.HOUR, time_zone(zone))
    days = sorted({day for bucket in cut for day in bucket.utc_days})
    known = set(known_days(statuses_of(batch.storage, days, USAGE_QUARTER_HOURS.name)))
    starts = (bucket.start.astimezone(time_zone(zone)) for bucket in cut if bucket.utc_days <= known)
    return {(start.weekday(), start.hour) for start in starts}


def _rows(hours_of: Iterable[Row], known: Collection[WeekHour]) -> Iterator[Values]:
    sums: dict[str, Counter[WeekHour]] = {name: Counter() for name in _METRICS}
    for row in hours_of:
        start = datetime.fromisoformat(row["start"])
        for name in _METRICS:
            sums[name][start.weekday(), start.hour] += row[name]
    for weekday, label in enumerate(WEEKDAYS):
        for hour in _HOURS:
            at = (weekday, hour)
            yield label, hour, *(sums[name][at] if at in known else None for name in _METRICS)
