"""Finds usage that two sources may both have counted: the same metric of one tenant on one day."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import combinations

from sqlalchemy import Connection, func, select

from usage_pipeline.series.breakdown_tables import DAILY_BREAKDOWN
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import warehouse_table

daily_breakdown = warehouse_table(DAILY_BREAKDOWN.spec)

METERED = ("tokens_total", "messages", "requests", "conversations", "bytes", "tool_calls")
"""The metrics that only one source of a tenant should bring on a day."""

SMALLEST = 20
"""Of what both report less of, two sources often report the same number by chance."""

Amounts = Mapping[str, Mapping[str, int]]
"""By source and metric."""


@dataclass(frozen=True, order=True)
class DoubleMetering:
    """A metric that several sources brought for one tenant on one day; sources in alphabetic order.

    `alike` says that two of them differ so little, on all metrics, that they probably report the same usage.
    """

    day: date
    tenant_id: str
    metric: str
    sources: tuple[str, ...]
    alike: bool


@dataclass(frozen=True, order=True)
class MeteredTwice:
    """Two sources that probably report the same usage of one tenant on one day; in alphabetic order."""

    day: date
    tenant_id: str
    sources: tuple[str, str]
    metrics: tuple[str, ...]
    """Those that both report."""


def double_metered(storage: Storage, first: date, last: date) -> list[DoubleMetering]:
    """Every such case from first to last, both included, ordered by day, tenant and metric."""
    with storage.warehouse.connect() as connection:
        amounts = _amounts_by_source(connection, first, last)
    tolerance = storage.settings.double_metering_tolerance
    return sorted(
        DoubleMetering(*key, metric, sources, any(pair <= {*sources} for pair in alike))
        for key, found in amounts.items()
        for alike in [_alike(found, tolerance)]
        for metric, sources in _shared(found).items()
    )


def metered_twice(storage: Storage, connection: Connection, first: date, last: date) -> list[MeteredTwice]:
    """Every pair of sources that are alike from first to last, both included, by day, tenant and sources."""
    tolerance = storage.settings.double_metering_tolerance
    return sorted(
        MeteredTwice(*key, (one, other), _both(found[one], found[other]))
        for key, found in _amounts_by_source(connection, first, last).items()
        for one, other in map(sorted, _alike(found, tolerance))
    )


def _amounts_by_source(connection: Connection, first: date, last: date) -> Mapping[tuple[date, str], Amounts]:
    """Read the amounts of each day and tenant that several sources have."""
    table = daily_breakdown.c
    sources = func.count().over(partition_by=(table.day, table.tenant_id)).label("sources")
    counted = select(table.day, table.tenant_id, table.value, *(table[name] for name in METERED), sources).where(
        table.dimension == "source", table.day.between(first, last)
    )
    rows = counted.subquery()
    found: defaultdict[tuple[date, str], dict[str, Mapping[str, int]]] = defaultdict(dict)
    for row in connection.execute(select(rows).where(rows.c.sources > 1)).mappings():
        found[row["day"], row["tenant_id"]][row["value"]] = {name: row[name] for name in METERED}
    return found


def _shared(amounts: Amounts) -> dict[str, tuple[str, ...]]:
    """The sources of each metric that several of them report."""
    found = {name: tuple(source for source in sorted(amounts) if amounts[source][name] > 0) for name in METERED}
    return {metric: sources for metric, sources in found.items() if len(sources) > 1}


def _alike(amounts: Amounts, tolerance: Decimal) -> list[set[str]]:
    """The pairs of sources that differ little on at least two metrics, and on none much."""
    return [
        {first, second}
        for first, second in combinations(amounts, 2)
        if _are_alike(amounts[first], amounts[second], tolerance)
    ]


def _both(first: Mapping[str, int], second: Mapping[str, int]) -> tuple[str, ...]:
    """The metrics that two sources report."""
    return tuple(name for name in METERED if first[name] > 0 and second[name] > 0)


def _are_alike(first: Mapping[str, int], second: Mapping[str, int], tolerance: Decimal) -> bool:
    shared = [sorted((first[name], second[name])) for name in _both(first, second)]
    large = [(less, more) for less, more in shared if more >= SMALLEST]
    return len(large) > 1 and all(more - less <= more * tolerance for less, more in large)
