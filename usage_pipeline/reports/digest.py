"""By what a report is known to say something else: a digest of its numbers of the period."""

import json
from collections.abc import Collection

from usage_pipeline.reports.model import Table
from usage_pipeline.storage.digests import fingerprint

_OF_THE_MOMENT = frozenset(
    {*("limits", "alerts", "failed_checks"), *("trends", "forecast", "anomalies", "recommendations")}
)
"""Tables that change without the numbers of the period."""
_BESIDE = frozenset({"status", "previous", "change_percent"})
"""Columns of that kind."""


def data_version(tables: Collection[Table]) -> str:
    """Return a digest of all exact values, but for what is of the moment and of the period before."""
    return fingerprint(_told(table) for table in tables if table.name not in _OF_THE_MOMENT)


def _told(table: Table) -> str:
    kept = [at for at, column in enumerate(table.columns) if column.name not in _BESIDE]
    return json.dumps([table.name, *([row[at] for at in kept] for row in table.rows)], default=str)
