"""The values that a filter can have, to tell a typing error from usage that is zero."""

from collections.abc import Mapping, Sequence

from usage_pipeline.costs.tables import DAILY_COSTS
from usage_pipeline.credits.tables import CREDIT_USAGE
from usage_pipeline.metrics.queries import CostQuery, IntervalQuery, Query, UsageQuery
from usage_pipeline.metrics.rollups import scan
from usage_pipeline.series.tables import DAILY_USAGE
from usage_pipeline.storage import state
from usage_pipeline.storage.daily import DailyTable
from usage_pipeline.storage.engine import damage_named, session
from usage_pipeline.storage.opened import Storage

_CUBES: Mapping[type[Query], Sequence[DailyTable]] = {
    CostQuery: [DAILY_COSTS],
    IntervalQuery: [DAILY_USAGE],
    UsageQuery: [DAILY_USAGE, CREDIT_USAGE],
}


def known_values(storage: Storage, query: Query, name: str) -> list[str]:
    """Return the values of a dimension that occur on any day, in order."""
    column = query.filters[name]
    spec = next(table.spec for table in _CUBES[type(query)] if column in table.spec.column_names)
    with storage.warehouse.connect() as connection:
        days = state.partitions(connection, spec.name)
    with session(storage.engine) as duck, damage_named():
        cube = scan(storage, spec, days)
        rows = duck.execute(f'SELECT DISTINCT "{column}" FROM ({cube}) AS cube ORDER BY ALL').fetchall()
    return [value for (value,) in rows]
