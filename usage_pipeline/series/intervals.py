"""Reads usage within days, and by days of any time zone, from the quarter hours that are stored in UTC."""

from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from usage_pipeline.series.buckets import Bucket, buckets, time_zone
from usage_pipeline.series.outages import Row, Width, with_outages
from usage_pipeline.series.questions import INTERVAL_GROUPS, IntervalQuery
from usage_pipeline.series.scan import damage_named, scan
from usage_pipeline.series.status import DayReader
from usage_pipeline.series.tables import USAGE_QUARTER_HOURS
from usage_pipeline.storage.engine import literal, session
from usage_pipeline.storage.opened import Storage


def read_intervals(storage: Storage, query: IntervalQuery) -> list[dict[str, object]]:
    """One row per interval and group, ordered by both: `start` (ISO, with the offset), groups, metrics.

    Without groups each interval has a row, zeros where nothing happened. An interval that overlaps a missing
    UTC day has one row, of nulls, whatever is known of the rest of it.
    """
    zone = time_zone(query.time_zone)
    cut = buckets(query.first, query.last, query.interval, zone)
    missing = _missing_days(storage, cut)
    found = _sums(storage, query, cut, missing)
    outages = {bucket.start for bucket in cut if bucket.utc_days & missing}
    rows = with_outages(
        (bucket.start for bucket in cut), outages, found, Width(len(query.group_by), len(query.metrics))
    )
    return [_named(query, zone, row) for row in rows]


def _named(query: IntervalQuery, zone: ZoneInfo, row: Row) -> dict[str, object]:
    start, *values = row
    named = dict(zip((*query.group_by, *query.metrics), values, strict=True))
    return {"start": start.astimezone(zone).isoformat(), **named}


def _utc_days(cut: Sequence[Bucket]) -> list[date]:
    return sorted({day for bucket in cut for day in bucket.utc_days})


def _missing_days(storage: Storage, cut: Sequence[Bucket]) -> set[date]:
    days = _utc_days(cut)
    with storage.warehouse.connect() as connection:
        return set(DayReader(storage, connection).missing(days[0], days[-1])) if days else set()


def _sums(storage: Storage, query: IntervalQuery, cut: Sequence[Bucket], missing: Collection[date]) -> list[Row]:
    groups = "".join(f', "{INTERVAL_GROUPS[name]}" AS "{name}"' for name in query.group_by)
    sums = ", ".join(f'CAST(sum("{name}") AS BIGINT) AS "{name}"' for name in query.metrics)
    tests = [f'"{INTERVAL_GROUPS[name]}" = {literal(value)}' for name, value in query.where]
    usage = scan(storage, USAGE_QUARTER_HOURS.spec, set(_utc_days(cut)) - set(missing))
    with session(storage.engine) as duck, damage_named():
        found = duck.execute(
            f"SELECT start{groups}, {sums} FROM ({usage}) AS usage INNER JOIN "
            "(SELECT unnest($1) AS quarter_hour, unnest($2) AS start) AS buckets USING (quarter_hour) "
            f"WHERE {' AND '.join(tests) or 'true'} GROUP BY ALL ORDER BY ALL",
            _starts(cut),
        ).fetchall()
    return [(start.replace(tzinfo=UTC), *values) for start, *values in found]


def _starts(cut: Sequence[Bucket]) -> tuple[list[datetime], list[datetime]]:
    """All quarter hours, and the start of the interval of each; both UTC without a zone, as they are stored."""
    moments = [(moment, bucket.start) for bucket in cut for moment in bucket.quarter_hours]
    naive = [(moment.replace(tzinfo=None), start.replace(tzinfo=None)) for moment, start in moments]
    return [moment for moment, _ in naive], [start for _, start in naive]
