"""Finds usage that two sources may both have counted: the same metric of one tenant on one day."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from usage_pipeline.series.queries import UsageQuery, usage_by_group
from usage_pipeline.storage.opened import Storage

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
    usage = usage_by_group(storage, UsageQuery(first, last, ("day", "tenant", "source"), metrics=METERED))
    sources: defaultdict[tuple[date, str, str], list[str]] = defaultdict(list)
    for (day, tenant_id, source), totals in usage.items():
        for metric in METERED:
            if totals[metric] > 0:
                sources[day, tenant_id, metric].append(source)
    return sorted(DoubleMetering(*key, tuple(sorted(names))) for key, names in sources.items() if len(names) > 1)
