"""Days that many lists are read from, in DuckDB's memory, compressed and sorted by tenant.

Objects are not sorted, so a list reads its day whole; of a sorted day it reads the rows of its tenant. To sort a
day takes as long as some readings, so that no list does it: a server, which has the time, sorts the newest days,
and those that were read as often. DuckDB spills what exceeds its memory.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from threading import Lock
from uuid import uuid4

from duckdb import DuckDBPyConnection, OutOfMemoryException

from usage_pipeline.listing.selecting import READ
from usage_pipeline.storage.engine import parquet_scan
from usage_pipeline.storage.objects import DayObject

READINGS = 16
"""Readings of a day that take as long as sorting it."""
_MOST_BYTES = 120_000_000
"""Of the objects of sorted days, which take about twice as much."""
_AHEAD = 0.75
"""The part of it that days have which are sorted ahead."""
_SHARE = 4
"""An object that would take more than this part of it is never sorted."""
_CATALOG = "listing"


@dataclass
class _Day:
    """A day that was read: how often since it was replaced, and its table."""

    found: DayObject
    readings: int = 0
    table: str | None = None


@dataclass
class SortedDays:
    """Tables of days; those that nobody has read for longest go first. Threads may share it."""

    most_bytes: int = _MOST_BYTES
    _days: OrderedDict[date, _Day] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)
    _sorting: Lock = field(default_factory=Lock)

    def table(self, duck: DuckDBPyConnection, found: DayObject) -> str | None:
        """Return the table with the rows of an object; None if they are to be read from the object."""
        with self._lock:
            day = self._at(duck, found)
            day.readings += 1
            self._days.move_to_end(found.day)
            return day.table

    def due(self, newest_first: Iterable[DayObject]) -> list[DayObject]:
        """Return the days to sort: the newest, as many as there is room for, and those that are read often."""
        with self._lock:
            often = [day.found for day in self._days.values() if day.readings > READINGS and not day.table]
        return list(dict.fromkeys(filter(self._fits, (*self._room_ahead(newest_first), *often))))

    def sort(self, duck: DuckDBPyConnection, found: DayObject) -> None:
        """Sort a day, if it is not; without the memory for it, again when it was read as often."""
        with self._sorting:
            with self._lock:
                day = self._at(duck, found)
            if day.table:
                return
            day.readings = 0
            with suppress(OutOfMemoryException):
                self._keep(duck, day, _make_table(duck, found))

    def _fits(self, found: DayObject) -> bool:
        return found.size * _SHARE <= self.most_bytes

    def _room_ahead(self, days: Iterable[DayObject]) -> Iterator[DayObject]:
        left = self.most_bytes * _AHEAD
        for found in days:
            left -= found.size
            if left < 0:
                return
            yield found

    def forget(self, duck: DuckDBPyConnection) -> None:
        """Drop all tables."""
        with self._lock:
            for day in list(self._days):
                self._drop(duck, day)

    def _at(self, duck: DuckDBPyConnection, found: DayObject) -> _Day:
        day = self._days.get(found.day)
        if day is None or day.found != found:
            self._drop(duck, found.day)
            day = self._days[found.day] = _Day(found)
        return day

    def _keep(self, duck: DuckDBPyConnection, day: _Day, table: str) -> None:
        with self._lock:
            if self._days.get(day.found.day) is day:
                day.table = table
                self._drop_oldest(duck)
            else:  # replaced while it was sorted
                duck.execute(f"DROP TABLE {table}")

    def _drop_oldest(self, duck: DuckDBPyConnection) -> None:
        tables = [day.found for day in self._days.values() if day.table]
        size = sum(found.size for found in tables)
        for found in tables:
            if size > self.most_bytes:
                self._drop(duck, found.day)
                size -= found.size

    def _drop(self, duck: DuckDBPyConnection, day: date) -> None:
        dropped = self._days.pop(day, None)
        if dropped and dropped.table:
            duck.execute(f"DROP TABLE {dropped.table}")


def _make_table(duck: DuckDBPyConnection, found: DayObject) -> str:
    table = f"{_CATALOG}.main.records_{uuid4().hex}"
    duck.execute(f"ATTACH IF NOT EXISTS ':memory:' AS {_CATALOG} (COMPRESS)")
    rows = f"SELECT {READ} FROM {parquet_scan([found.path])} ORDER BY tenant_id, occurred_at"
    duck.execute(f"CREATE TABLE {table} AS {rows}")
    return table
