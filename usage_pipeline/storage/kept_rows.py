"""Days of objects in DuckDB's memory, compressed and sorted by tenant, for a process that reads them often.

An answer for a quarter of a year reads ninety objects, and opening them takes most of its time. They are kept
after a few readings, and a day is read anew when its object has been replaced. Of rollups all rows are kept, of
other tables only what is made of them.
"""

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from threading import Lock
from uuid import uuid4

from duckdb import DuckDBPyConnection, OutOfMemoryException

from usage_pipeline.storage.engine import literal, parquet_scan, session
from usage_pipeline.storage.objects import DayObject
from usage_pipeline.storage.tables import TableSpec

READINGS = 4
"""Readings of changed objects after which they are kept."""
_MOST_BYTES = 20_000_000
"""Of the objects of one rollup, whose rows take a few times as much, or of others by their share."""
_CATALOG = "kept"


@dataclass(frozen=True)
class Made:
    """What is made of the rows of objects."""

    name: str
    select: Callable[[str], str]
    """Its SELECT from a relation of these rows. It has the columns of their day and tenant."""
    share: int
    """It takes one of so many parts of the room that the rows would take."""


_ALL = Made("", "SELECT * FROM {}".format, 1)


@dataclass(frozen=True)
class _Table:
    """A table of kept rows, which never changes, and the objects that they are of."""

    name: str = ""
    objects: Mapping[date, DayObject] = field(default_factory=dict)

    def has(self, asked: Mapping[date, DayObject]) -> bool:
        """Whether it has these objects as they are now."""
        return asked.items() <= self.objects.items()

    def select(self, spec: TableSpec, asked: Mapping[date, DayObject]) -> str:
        """Return a SELECT of the rows of these days. Most often they are all that are kept between two."""
        first, last = min(asked), max(asked)
        if sum(first <= day <= last for day in self.objects) == len(asked):
            days = f"BETWEEN {literal(str(first))} AND {literal(str(last))}"
        else:
            days = f"IN ({', '.join(literal(str(day)) for day in sorted(asked))})"
        return f"SELECT * FROM {self.name} WHERE {spec.day_column} {days}"


@dataclass
class _Kept:
    """What is kept of one rollup, and how often objects that are not were read since."""

    table: _Table = _Table()
    before: _Table = _Table()
    """The table in whose place it came: a SELECT of its rows may be under way."""
    readings: int = 0


@dataclass
class KeptRows:
    """Rows by what they are of, each in a table. Threads may share it."""

    most_bytes: int = _MOST_BYTES
    _kept: dict[str, _Kept] = field(default_factory=dict)
    _filling: Lock = field(default_factory=Lock)
    """Held while rows are sorted: of several rollups at once they would need several times the memory."""

    def select(
        self,
        engine: DuckDBPyConnection,
        spec: TableSpec,
        days: Collection[date],
        path_of: Callable[[date], Path],
        made: Made = _ALL,
    ) -> str | None:
        """Return a SELECT of what is made of these days, to be run at once; None if their objects are to be read.

        Raises FileNotFoundError if an object is gone.
        """
        kept = self._kept.setdefault(f"{spec.name}_{made.name}", _Kept())
        table = kept.table
        # Those that are kept know their paths: to put ninety together takes longer than the SELECT.
        known = table.objects
        asked = {day: known[day].now() if day in known else DayObject.of(day, path_of(day)) for day in days}
        if not table.has(asked):
            self._fill(engine, spec, kept, asked, made)
            table = kept.table
        return table.select(spec, asked) if table.has(asked) else None

    def forget(self, engine: DuckDBPyConnection) -> None:
        """Drop all rows. Who reads them meanwhile gets an error, and reads their objects when trying again."""
        for kept in list(self._kept.values()):
            with self._filling, session(engine) as duck:
                found = [table.name for table in (kept.before, kept.table) if table.name]
                kept.before = kept.table = _Table()
                for name in found:
                    duck.execute(f"DROP TABLE {name}")

    def _fill(
        self,
        engine: DuckDBPyConnection,
        spec: TableSpec,
        kept: _Kept,
        asked: Mapping[date, DayObject],
        made: Made,
    ) -> None:
        """Keep these days, too, unless they were read too seldom, are too large, or another thread is at it."""
        kept.readings += 1
        most_bytes = self.most_bytes * made.share
        if kept.readings <= READINGS or _size(asked) > most_bytes or not self._filling.acquire(blocking=False):
            return
        try:
            both = {**kept.table.objects, **asked}
            wanted = both if _size(both) <= most_bytes else asked
            name = f'{_CATALOG}.main."{spec.name}_{uuid4().hex}"'
            with session(engine) as duck, suppress(OutOfMemoryException):
                _create(duck, spec, kept.table, _Table(name, wanted), made)
                if kept.before.name:
                    duck.execute(f"DROP TABLE {kept.before.name}")
                kept.before, kept.table = kept.table, _Table(name, wanted)
            kept.readings = 0
        finally:
            self._filling.release()


def _size(objects: Mapping[date, DayObject]) -> int:
    return sum(found.size for found in objects.values())


def _create(duck: DuckDBPyConnection, spec: TableSpec, present: _Table, wanted: _Table, made: Made) -> None:
    """Write what is made of these objects to a new table; what is kept already comes from the present one."""
    unchanged = {day: found for day, found in wanted.objects.items() if present.objects.get(day) == found}
    changed = [found.path for day, found in wanted.objects.items() if day not in unchanged]
    parts = [present.select(spec, unchanged)] if unchanged else []
    parts += [made.select(parquet_scan(changed))] if changed else []
    duck.execute(f"ATTACH IF NOT EXISTS ':memory:' AS {_CATALOG} (COMPRESS)")
    order = f"{spec.tenant_column}, {spec.day_column}"
    duck.execute(
        f"CREATE TABLE {wanted.name} AS SELECT * FROM ({' UNION ALL BY NAME '.join(parts)}) ORDER BY {order}"
    )
