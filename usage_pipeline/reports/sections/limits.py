"""How limits stood at the end of the period, or stand now within it."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

from usage_pipeline.clock import end_of
from usage_pipeline.limits.limited import SCOPED
from usage_pipeline.limits.read_status import read_status
from usage_pipeline.limits.status import LimitStatus
from usage_pipeline.reports.batch import Batch, Tables
from usage_pipeline.reports.display import Kind
from usage_pipeline.reports.model import Column, Values
from usage_pipeline.reports.table_spec import TableSpec

_TENTH = Decimal("0.1")

LIMITS = TableSpec(
    "limits",
    "Limits",
    "How much of each limit was used at the end of the period, or by now if it goes on.",
    (
        Column("limit_id", "Limit", Kind.TEXT),
        Column("scope", "For", Kind.TEXT),
        Column("metric", "Metric", Kind.TEXT),
        Column("period", "Period", Kind.TEXT),
        Column("last_day", "Last day", Kind.DAY),
        Column("used", "Used", Kind.QUANTITY),
        Column("amount", "Amount", Kind.QUANTITY),
        Column("share", "Used, %", Kind.DECIMAL),
        Column("projected", "Projected", Kind.QUANTITY),
        Column("first_day_over", "First day over", Kind.DAY),
        Column("incomplete", "Some is not known", Kind.YES_NO),
    ),
    most_lines=50,
)


def limits(batch: Batch) -> Tables:
    """Return the limits of each tenant, those with the largest share first; of all together those of all."""
    if batch.filters:
        return {}
    last_instant = end_of(batch.period.last) - timedelta(seconds=1)
    at = min(last_instant, batch.storage.settings.clock.now)
    only = batch.tenant_ids[0] if len(batch.tenant_ids) == 1 else None
    found: defaultdict[str | None, list[LimitStatus]] = defaultdict(list)
    for status in read_status(batch.storage, at, only):
        found[status.tenant_id if batch.tenant_ids else None].append(status)
    return {subject: [LIMITS.table(map(_row, _largest_first(found[subject])))] for subject in found}


def _largest_first(found: list[LimitStatus]) -> list[LimitStatus]:
    return sorted(found, key=lambda status: (-status.share, status.tenant_id, status.limit.id, status.values))


def _row(status: LimitStatus) -> Values:
    scope = dict(zip(SCOPED, status.values, strict=True))
    return (
        status.limit.id,
        _named(scope),
        status.limit.metric,
        str(status.limit.period),
        status.days.last,
        status.used,
        status.limit.amount,
        status.share.quantize(_TENTH, "ROUND_DOWN"),
        status.projected,
        status.first_day_over,
        status.incomplete or bool(status.missing_days),
    )


def _named(scope: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in scope.items() if value)
