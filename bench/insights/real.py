"""Series of the real logs beside the checkout."""

import json
from collections.abc import Mapping
from datetime import date

import duckdb
import numpy as np

from bench.real_log import SHARED
from usage_pipeline.clock import days_between
from usage_pipeline.insights.matrix import Floats

_AIDER = SHARED / "data" / "aider_analytics" / "truth.json"
_SERVEGEN = SHARED / "data" / "servegen" / "requests_10min.csv.zst"
_HOURS = """
WITH requests AS (
    SELECT model, model || '/' || client_id AS tenant, window_start_s // 3600 AS hour, sum(requests) AS requests
    FROM read_csv(?, compression = 'zstd')
    GROUP BY ALL
),
largest AS (SELECT model, tenant FROM requests GROUP BY ALL ORDER BY sum(requests) DESC, tenant LIMIT ?),
known AS (SELECT DISTINCT model, hour FROM requests)
SELECT tenant, known.hour, coalesce(requests.requests, 0)
FROM largest JOIN known USING (model) LEFT JOIN requests USING (model, tenant, hour)
"""
"""An hour in which no tenant of a model has requests was not traced: nothing is known of it."""


def aider_days() -> Mapping[str, Floats]:
    """Return tokens, messages and reported cost by day, from the first to the last; nothing without the log."""
    if not _AIDER.exists():
        return {}
    per_day = json.loads(_AIDER.read_text(encoding="utf-8"))["per_day_utc"]
    days = days_between(date.fromisoformat(min(per_day)), date.fromisoformat(max(per_day)))
    names = {"tokens": "total", "messages": "n", "cost": "cost_usd"}
    return {
        name: np.array([float(per_day.get(str(day), {}).get(key, 0)) for day in days])
        for name, key in names.items()
    }


def servegen_hours(most: int) -> Floats | None:
    """Return the requests by hour of the tenants that have most, as rows; None without the trace."""
    if not _SERVEGEN.exists():
        return None
    with duckdb.connect() as duck:
        found = duck.execute(_HOURS, [str(_SERVEGEN), most]).fetchall()
    places = {tenant: place for place, tenant in enumerate(dict.fromkeys(row[0] for row in found))}
    rows = np.full((len(places), 1 + max(row[1] for row in found)), np.nan)
    for tenant, hour, requests in found:
        rows[places[tenant], hour] = requests
    return since_first_use(rows)


def since_first_use(rows: Floats) -> Floats:
    """Return the rows with NaN before the first use of each."""
    begun = np.maximum.accumulate(np.nan_to_num(rows) > 0, axis=1)
    return np.asarray(np.where(begun, rows, np.nan))
