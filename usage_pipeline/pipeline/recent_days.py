"""Totals of the last 90 days of a table, for charts."""

from datetime import date, timedelta

from sqlalchemy import Connection, func, select

from usage_pipeline.storage import state
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import warehouse_table
from usage_pipeline.storage.tables import TableSpec

RECENT_DAYS = 90


def recent_days(storage: Storage, spec: TableSpec, charted: str | None = None) -> dict[date, int | None]:
    """Return the 90 days up to the table's newest day, each with its total over all tenants.

    The total is the sum of the column `charted` of a warehouse table, or the number of rows. A day that was never
    computed is None. Without any computed day the result is empty.
    """
    with storage.warehouse.connect() as connection:
        partitions = state.partitions(connection, spec.name)
        known = {day: partition.rows for day, partition in partitions.items() if partition.version}
        if not known:
            return {}
        days = [max(known) - timedelta(days=back) for back in reversed(range(RECENT_DAYS))]
        sums = _sums(connection, spec, charted, days[0]) if charted else known
    return {day: sums.get(day) or 0 if day in known else None for day in days}


def _sums(connection: Connection, spec: TableSpec, column: str, first: date) -> dict[date, int]:
    table = warehouse_table(spec)
    query = select(table.c.day, func.sum(table.c[column])).where(table.c.day >= first).group_by(table.c.day)
    return {day: int(total) for day, total in connection.execute(query)}
