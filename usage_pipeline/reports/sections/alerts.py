"""The alerts that were raised in the period."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from usage_pipeline.alerts.history import read_alerts_raised
from usage_pipeline.billing.ledger.allocations import midnight
from usage_pipeline.clock import end_of
from usage_pipeline.reports.batch import Batch, Tables, TenantId
from usage_pipeline.reports.display import Kind
from usage_pipeline.reports.model import Column, Values
from usage_pipeline.reports.table_spec import TableSpec

ALERTS = TableSpec(
    "alerts",
    "Alerts",
    "Alerts that were raised in the period, those on limits and those on data.",
    (
        Column("subject", "About", Kind.TEXT),
        Column("kind", "Kind", Kind.TEXT),
        Column("threshold", "Threshold, %", Kind.COUNT),
        Column("used", "Used", Kind.QUANTITY),
        Column("amount", "Amount", Kind.QUANTITY),
        Column("raised_at", "Raised", Kind.INSTANT),
        Column("state", "State", Kind.TEXT),
        Column("resolved_at", "Resolved or ended", Kind.INSTANT),
    ),
    most_lines=50,
)


def alerts(batch: Batch) -> Tables:
    """Return the alerts of each tenant; of all together all, also those that are about no tenant."""
    if batch.filters:
        return {}
    found: defaultdict[TenantId, list[Values]] = defaultdict(list)
    for row in read_alerts_raised(batch.storage, midnight(batch.period.first), end_of(batch.period.last)):
        if not row["passed"]:
            found[row["tenant_id"] if batch.tenant_ids else None].append(_row(row))  # type: ignore[index]
    return {subject: [ALERTS.table(found[subject])] for subject in batch.subjects if subject in found}


def _row(row: Mapping[str, Any]) -> Values:
    return tuple(str(row[name]) if name in {"kind", "state"} else row[name] for name in _NAMES)


_NAMES = tuple(column.name for column in ALERTS.columns)
