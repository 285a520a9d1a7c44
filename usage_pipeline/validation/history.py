"""The usual number of rows and the values of the days before a day."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median

from sqlalchemy import Connection, select

from usage_pipeline.series.breakdown_tables import DAILY_BREAKDOWN
from usage_pipeline.storage import landed_days, state
from usage_pipeline.storage.schema import warehouse_table

daily_breakdown = warehouse_table(DAILY_BREAKDOWN.spec)

ENOUGH_DAYS = 7
"""The fewest days with rows that have a usual value."""


@dataclass(frozen=True)
class History:
    """The days before one day of a table."""

    connection: Connection
    table: str
    day: date
    is_over: bool = True

    def has_landed(self) -> bool:
        """Return True if files that count have lines of this event day whose records are not pruned."""
        return any(landed_days.rows_by_event_day(self.connection, [self.day]).values())

    def usual_rows(self, days: int) -> float | None:
        """Return the median number of rows of the last `days` days; None if too few of them have rows."""
        known = state.partitions(self.connection, self.table, *self._window(days))
        rows = [partition.rows for partition in known.values() if partition.committed and partition.rows]
        return median(rows) if len(rows) >= ENOUGH_DAYS else None

    def values(self, dimension: str, days: int) -> Collection[str] | None:
        """Return the values of a dimension in the last `days` days; None if too few of them have usage."""
        table = daily_breakdown.c
        query = (
            select(table.day, table.value)
            .where(table.dimension == dimension, table.day.between(*self._window(days)))
            .distinct()
        )
        rows = self.connection.execute(query).all()
        return {row.value for row in rows} if len({row.day for row in rows}) >= ENOUGH_DAYS else None

    def _window(self, days: int) -> tuple[date, date]:
        return self.day - timedelta(days=days), self.day - timedelta(days=1)
