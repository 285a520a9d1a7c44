"""Finds usage that two sources may both have counted: the same metric of one tenant on one day."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from usage_pipeline.series.breakdown_tables import DAILY_BREAKDOWN
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import warehouse_table

daily_breakdown = warehouse_table(DAILY_BREAKDOWN.spec)

METERED = ("tokens_total", "messages", "requests", "conversations", "bytes", "tool_calls")
"""The metrics that only one source of a tenant should bring on a day."""


@dataclass(frozen=True, order=True)
class DoubleMetering:
    """A metric that several sources brought for one tenant on one day; sources in alphabetic order."""

    day: date
    tenant_id: str
    metric: str
    sources: tuple[str, ...]


def double_metered(storage: Storage, first: date, last: date) -> list[DoubleMetering]:
    """Every such case from first to last, both included, ordered by day, tenant and metric."""
    table = daily_breakdown.c
    query = select(table.day, table.tenant_id, table.value, *(table[name] for name in METERED)).where(
        table.dimension == "source", table.day.between(first, last)
    )
    sources: defaultdict[tuple[date, str, str], list[str]] = defaultdict(list)
    with storage.warehouse.connect() as connection:
        for row in connection.execute(query).mappings():
            for metric in METERED:
                if row[metric] > 0:
                    sources[row["day"], row["tenant_id"], metric].append(row["value"])
    return sorted(DoubleMetering(*key, tuple(sorted(names))) for key, names in sources.items() if len(names) > 1)
