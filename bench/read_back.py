"""Reads from a data directory what days came to, as JSON: by day and tenant the three series and every metric.

python -m bench.read_back DATA_DIR FIRST_DAY LAST_DAY [costs]
"""

import json
import sys
from datetime import date
from pathlib import Path

from usage_pipeline.metrics.queries import CostQuery, SeriesQuery, UsageQuery, of_tenant
from usage_pipeline.metrics.read import read
from usage_pipeline.metrics.series import known_tenants
from usage_pipeline.metrics.words import SERIES
from usage_pipeline.pipeline.totals import cost_measures
from usage_pipeline.settings import Settings
from usage_pipeline.simulation.batch import MEASURES
from usage_pipeline.storage.opened import Storage, open_storage

Totals = dict[str, dict[str, dict[str, int]]]
"""Measures by day and tenant."""


def read_back(storage: Storage, first: date, last: date) -> Totals:
    """What the tenants used on these days; the series' numbers are the warehouse's, the others are the cubes'."""
    totals: Totals = {}
    query = UsageQuery(first, last, ("day", "tenant"), metrics=MEASURES)
    for (day, tenant), row in read(storage, query).by_group.items():
        totals.setdefault(str(day), {})[tenant] = {name: row[name] for name in MEASURES}
    with storage.warehouse.connect() as connection:
        tenants = known_tenants(connection)
    for tenant in tenants:
        for row in read(storage, SeriesQuery(first, last, of_tenant(tenant))).rows:
            totals.setdefault(str(row["day"]), {}).setdefault(tenant, {}).update(
                {f"{name}_series": row[name] or 0 for name in SERIES}
            )
    return totals


def add_costs(totals: Totals, storage: Storage, first: date, last: date) -> None:
    """Add what it cost."""
    for (day, tenant), cost in read(storage, CostQuery(first, last, ("day", "tenant"))).by_group.items():
        totals[str(day)][tenant] |= cost_measures(cost)


if __name__ == "__main__":
    data_dir, first_day, last_day, *more = sys.argv[1:]
    days = (date.fromisoformat(first_day), date.fromisoformat(last_day))
    with open_storage(Settings.load(data_dir=Path(data_dir))) as opened:
        found = read_back(opened, *days)
        if more == ["costs"]:
            add_costs(found, opened, *days)
        sys.stdout.write(json.dumps(found))
