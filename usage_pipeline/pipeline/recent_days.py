"""The last days of a table, for charts."""

from datetime import date, timedelta

from sqlalchemy import Connection, func, select

from usage_pipeline.storage import state
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import metadata
from usage_pipeline.storage.tables import SCHEMA

RECENT_DAYS = 90


def recent_days(storage: Storage, table: str, charted: str | None = None) -> dict[date, int | None]:
    """The 90 days up to the newest that the table has, with the sum of each over all tenants.

    That is the sum of the column `charted` of a table in the warehouse, or the number of rows without one. A
    day that was never computed is None. Empty while there is no day at all.
    """
    with storage.warehouse.connect() as connection:
        known = {
            day: partition.rows
            for day, partition in state.partitions(connection, table).items()
            if partition.version
        }
        if not known:
            return {}
        days = [max(known) - timedelta(days=back) for back in reversed(range(RECENT_DAYS))]
        sums = _sums(connection, table, charted, days[0]) if charted else known
    return {day: sums.get(day) or 0 if day in known else None for day in days}


def _sums(connection: Connection, name: str, column: str, first: date) -> dict[date, int]:
    table = metadata.tables[f"{SCHEMA}.{name}"]
    query = select(table.c.day, func.sum(table.c[column])).where(table.c.day >= first).group_by(table.c.day)
    return {day: int(total) for day, total in connection.execute(query)}
