"""Reads usage and costs exactly, as one typed answer. A missing day is null, not zero."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from usage_pipeline.costs.tables import DAILY_COSTS
from usage_pipeline.metrics.buckets import Bucket, buckets, time_zone
from usage_pipeline.metrics.queries import CostQuery, IntervalQuery, Query
from usage_pipeline.metrics.ratios import coverage
from usage_pipeline.metrics.rollups import damage_named, scan
from usage_pipeline.registry import CONVERSATIONS, DIMENSION_NAMES, RECORD_METRIC_NAMES
from usage_pipeline.series.status import DayReader, DayStatus
from usage_pipeline.series.tables import CONVERSATION_STARTS, DAILY_USAGE, USAGE_QUARTER_HOURS
from usage_pipeline.storage.engine import literal, session
from usage_pipeline.storage.opened import Storage

Row = dict[str, Any]
"""The values of the groups and the metrics, by their words; of costs also `coverage`."""


@dataclass(frozen=True)
class Answer:
    """The rows of a query, ordered by its groups, and the status of each UTC day that it covers.

    Sums of groups and of days are the total; a missing day is in no sum. Where rows are by day or interval, a
    missing one has one row, of nulls, and without other groups each other one has a row too.
    """

    query: Query
    rows: list[Row]
    statuses: Mapping[date, DayStatus]

    @property
    def missing(self) -> list[date]:
        """The missing days."""
        return [day for day, status in self.statuses.items() if status is DayStatus.MISSING]

    @property
    def known(self) -> list[date]:
        """All other days."""
        return [day for day, status in self.statuses.items() if status is not DayStatus.MISSING]

    @property
    def by_group(self) -> dict[tuple[Any, ...], Row]:
        """The rows without those of missing days, by the values of the groups."""
        return {
            tuple(row[name] for name in self.query.group_by): row
            for row in self.rows
            if row[self.query.metrics[0]] is not None
        }


def read(storage: Storage, query: Query) -> Answer:
    """Read the answer. Raises PartitionError where rows that the state knows of are gone."""
    if isinstance(query, IntervalQuery):
        return _read_intervals(storage, query)
    statuses = _statuses(storage, query.days)
    days = [day for day, status in statuses.items() if status is not DayStatus.MISSING]
    groups = tuple(name for name in query.group_by if name != "day")
    if groups == query.group_by:
        found = _sums(storage, query, groups, _rollup(storage, query, days))
    else:
        found = _sums(storage, query, ("day", *groups), _rollup(storage, query, days))
        found = _with_missing(statuses, statuses.keys() - set(days), found, query)
        groups = ("day", *groups)
    return Answer(query, [_named(query, groups, row) for row in found], statuses)


def _named(query: Query, groups: Sequence[str], row: Sequence[Any]) -> Row:
    """The row by the words of the query, in their order."""
    named = dict(zip((*groups, *query.metrics), row, strict=True))
    if isinstance(query, CostQuery):
        amount = named["amount"]
        return {name: named[name] for name in query.group_by} | {
            "tokens": named["tokens"],
            "unpriced_tokens": named["unpriced_tokens"],
            "coverage": coverage(named["tokens"], named["unpriced_tokens"]),
            "amount": None if amount is None else Decimal(amount),
        }
    return {name: named[name] for name in (*query.group_by, *query.metrics)}


def _statuses(storage: Storage, days: Sequence[date]) -> dict[date, DayStatus]:
    if not days:
        return {}
    with storage.warehouse.connect() as connection:
        found = {entry.day: entry.status for entry in DayReader(storage, connection).read(min(days), max(days))}
    return {day: found[day] for day in days}


def _with_missing(
    slots: Iterable[Any], missing: Collection[Any], found: Iterable[Sequence[Any]], query: Query
) -> list[tuple[Any, ...]]:
    """The rows (slot, groups, metrics) in the order of the slots; a missing slot has one row, of nulls."""
    others = len([name for name in query.group_by if name != "day"])
    rows = defaultdict[Any, list[tuple[Any, ...]]](list)
    for slot, *values in found:
        rows[slot].append((slot, *values))

    def of_slot(slot: Any) -> list[tuple[Any, ...]]:  # noqa: ANN401 - a day or a time
        if slot in missing:
            return [(slot, *(None,) * (others + len(query.metrics)))]
        zeros = (slot, *(0,) * len(query.metrics))
        return rows.get(slot) or ([] if others else [zeros])

    return [row for slot in slots for row in of_slot(slot)]


def _sums(
    storage: Storage, query: Query, group_by: Sequence[str], rows: str, parameters: Sequence[object] = ()
) -> list[tuple[Any, ...]]:
    columns = {**query.groups, "start": "start"}
    groups = "".join(f'"{columns[name]}" AS "{name}", ' for name in group_by)
    sums = ", ".join(f'{query.sums[name]} AS "{name}"' for name in query.metrics)
    tests = [f'"{columns[name]}" = {literal(value)}' for name, value in query.where if name != "day"]
    with session(storage.engine) as duck, damage_named():
        return duck.execute(
            f"SELECT {groups}{sums} FROM ({rows}) AS cube WHERE {' AND '.join(tests) or 'true'}"
            + (" GROUP BY ALL ORDER BY ALL" if group_by else ""),
            parameters,
        ).fetchall()


def _rollup(storage: Storage, query: Query, days: Collection[date]) -> str:
    return scan(storage, DAILY_COSTS.spec, days) if isinstance(query, CostQuery) else _cubes(storage, days)


def _cubes(storage: Storage, days: Collection[date]) -> str:
    """Both cubes of usage under one another: conversations are counted by one, everything else by the other."""
    zeros = ", ".join(f"0 AS {name}" for name in RECORD_METRIC_NAMES)
    grain = ", ".join(["day", "tenant_id", *DIMENSION_NAMES])
    usage, starts = (scan(storage, table.spec, days) for table in (DAILY_USAGE, CONVERSATION_STARTS))
    return (
        f"SELECT {grain}, {', '.join(RECORD_METRIC_NAMES)}, 0 AS {CONVERSATIONS.name} FROM ({usage}) AS usage "
        f"UNION ALL SELECT {grain}, {zeros}, {CONVERSATIONS.name} FROM ({starts}) AS starts"
    )


def _read_intervals(storage: Storage, query: IntervalQuery) -> Answer:
    """The same for the intervals of local days, each under its `start` (ISO, with the offset)."""
    zone = time_zone(query.time_zone)
    cut = buckets(query.first, query.last, query.interval, zone)
    statuses = _statuses(storage, sorted({day for bucket in cut for day in bucket.utc_days}))
    missing = {day for day, status in statuses.items() if status is DayStatus.MISSING}
    quarter_hours = scan(storage, USAGE_QUARTER_HOURS.spec, statuses.keys() - missing)
    rows = (
        f"SELECT usage.*, buckets.start FROM ({quarter_hours}) AS usage INNER JOIN "
        "(SELECT unnest($1) AS quarter_hour, unnest($2) AS start) AS buckets USING (quarter_hour)"
    )
    found = [
        (start.replace(tzinfo=UTC), *values)
        for start, *values in _sums(storage, query, ("start", *query.group_by), rows, _starts(cut))
    ]
    outages = {bucket.start for bucket in cut if bucket.utc_days & missing}
    shown = _with_missing((bucket.start for bucket in cut), outages, found, query)
    names = ("start", *query.group_by, *query.metrics)
    return Answer(
        query,
        [dict(zip(names, (start.astimezone(zone).isoformat(), *values), strict=True)) for start, *values in shown],
        statuses,
    )


def _starts(cut: Sequence[Bucket]) -> tuple[list[datetime], list[datetime]]:
    """All quarter hours, and the start of the interval of each; both UTC without a zone, as they are stored."""
    moments = [(moment, bucket.start) for bucket in cut for moment in bucket.quarter_hours]
    return (
        [moment.replace(tzinfo=None) for moment, _ in moments],
        [start.replace(tzinfo=None) for _, start in moments],
    )
