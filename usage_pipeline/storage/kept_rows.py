"""Days of rollups in DuckDB's memory, compressed and sorted by tenant, for a process that reads them often.

An answer for a quarter of a year reads ninety objects, and opening them takes most of its time. A rollup is kept
after a few readings, and a day is read anew when its object has been replaced.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from threading import Lock

from duckdb import DuckDBPyConnection, OutOfMemoryException

from usage_pipeline.storage.engine import literal, parquet_scan, session
from usage_pipeline.storage.objects import DayObject
from usage_pipeline.storage.tables import TableSpec

READINGS = 4
"""Readings of changed objects after which they are kept."""
_MOST_BYTES = 20_000_000
"""Of the objects of one rollup. Its rows take a few times as much."""
_CATALOG = "kept"


@dataclass
class _Kept:
    """The days of one rollup: the objects that its rows are of, and how often others were read since."""

    objects: Mapping[date, DayObject] = field(default_factory=dict)
    readings: int = 0
    filling: Lock = field(default_factory=Lock)


@dataclass
class KeptRows:
    """The rows of rollups, each in a table of its name. Threads may share it."""

    most_bytes: int = _MOST_BYTES
    _kept: dict[str, _Kept] = field(default_factory=dict)

    def select(self, engine: DuckDBPyConnection, spec: TableSpec, paths: Mapping[date, Path]) -> str | None:
        """Return a SELECT of the rows of these days; None if they are to be read from their objects.

        Raises FileNotFoundError if an object is gone.
        """
        asked = {day: DayObject.of(day, path) for day, path in paths.items()}
        kept = self._kept.setdefault(spec.name, _Kept())
        if not _has(kept, asked) and not self._fill(engine, spec, kept, asked):
            return None
        return f"SELECT * FROM {_table(spec)} WHERE {_days(spec, kept.objects, asked)}"

    def _fill(
        self, engine: DuckDBPyConnection, spec: TableSpec, kept: _Kept, asked: Mapping[date, DayObject]
    ) -> bool:
        """Keep these days, too, unless they were read too seldom, are too large, or another thread is at it."""
        kept.readings += 1
        if kept.readings <= READINGS or _size(asked) > self.most_bytes:
            return False
        if not kept.filling.acquire(blocking=False):
            return False
        try:
            both = {**kept.objects, **asked}
            wanted = both if _size(both) <= self.most_bytes else dict(asked)
            with session(engine) as duck, suppress(OutOfMemoryException):
                _replace(duck, spec, kept.objects, wanted)
                kept.objects = wanted
            kept.readings = 0
        finally:
            kept.filling.release()
        return _has(kept, asked)


def _has(kept: _Kept, asked: Mapping[date, DayObject]) -> bool:
    return asked.items() <= kept.objects.items()


def _size(objects: Mapping[date, DayObject]) -> int:
    return sum(found.size for found in objects.values())


def _table(spec: TableSpec) -> str:
    return f'{_CATALOG}.main."{spec.name}"'


def _replace(
    duck: DuckDBPyConnection, spec: TableSpec, kept: Mapping[date, DayObject], wanted: Mapping[date, DayObject]
) -> None:
    """Put the rows of these objects into the place of those before; readers see one or the other."""
    unchanged = {day: found for day, found in wanted.items() if kept.get(day) == found}
    changed = [found.path for day, found in wanted.items() if day not in unchanged]
    parts = [f"SELECT * FROM {_table(spec)} WHERE {_days(spec, kept, unchanged)}"] if unchanged else []
    parts += [f"FROM {parquet_scan(changed)}"] if changed else []
    duck.execute(f"ATTACH IF NOT EXISTS ':memory:' AS {_CATALOG} (COMPRESS)")
    order = f"{spec.tenant_column}, {spec.day_column}"
    rows = " UNION ALL BY NAME ".join(parts)
    duck.execute(f"CREATE OR REPLACE TABLE {_table(spec)} AS SELECT * FROM ({rows}) ORDER BY {order}")


def _days(spec: TableSpec, kept: Mapping[date, DayObject], asked: Mapping[date, DayObject]) -> str:
    """Return the test of rows of these days. Most often they are all that are kept between two."""
    first, last = min(asked), max(asked)
    if sum(first <= day <= last for day in kept) == len(asked):
        return f"{spec.day_column} BETWEEN {literal(str(first))} AND {literal(str(last))}"
    return f"{spec.day_column} IN ({', '.join(literal(str(day)) for day in sorted(asked))})"
