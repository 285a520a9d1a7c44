"""Reads from a data directory what days came to, as JSON: by day and tenant the three series and every metric.

python -m bench.read_back DATA_DIR FIRST_DAY LAST_DAY [costs]
"""

import json
import sys
from datetime import date
from pathlib import Path

from usage_pipeline.costs.queries import read_costs
from usage_pipeline.costs.questions import CostQuery
from usage_pipeline.pipeline.totals import cost_measures
from usage_pipeline.series.queries import known_tenants, read_series, read_usage
from usage_pipeline.series.questions import UsageQuery
from usage_pipeline.settings import Settings
from usage_pipeline.simulation.batch import MEASURES
from usage_pipeline.storage.opened import Storage, open_storage

Totals = dict[str, dict[str, dict[str, int]]]
"""Measures by day and tenant."""


def read_back(storage: Storage, first: date, last: date) -> Totals:
    """What the tenants used on these days; the series' numbers are the warehouse's, the others are the cubes'."""
    totals: Totals = {}
    for row in read_usage(storage, UsageQuery(first, last, ("day", "tenant"), metrics=MEASURES)):
        day, tenant = row.pop("day"), row.pop("tenant")
        if tenant is not None:  # as it is on a missing day
            totals.setdefault(str(day), {})[str(tenant)] = row  # type: ignore[assignment]  # numbers
    with storage.warehouse.connect() as connection:
        tenants = known_tenants(connection)
    for tenant in tenants:
        for point in read_series(storage, tenant, first, last):
            series = {"tokens": point.tokens, "conversations": point.conversations, "messages": point.messages}
            totals.setdefault(str(point.day), {}).setdefault(tenant, {}).update(
                {f"{name}_series": total or 0 for name, total in series.items()}
            )
    return totals


def add_costs(totals: Totals, storage: Storage, first: date, last: date) -> None:
    """Add what it cost."""
    for cost in read_costs(storage, CostQuery(first, last, ("day", "tenant"))):
        day, tenant = map(str, cost.group)
        totals[day][tenant] |= cost_measures(cost)


if __name__ == "__main__":
    data_dir, first_day, last_day, *more = sys.argv[1:]
    days = (date.fromisoformat(first_day), date.fromisoformat(last_day))
    with open_storage(Settings.load(data_dir=Path(data_dir))) as opened:
        found = read_back(opened, *days)
        if more == ["costs"]:
            add_costs(found, opened, *days)
        sys.stdout.write(json.dumps(found))
