"""Copies of days that many lists are read from: files sorted by tenant, with the JSON of each record.

Objects are not sorted, so a list reads its day whole; of a copy it reads the rows of its tenant.
To make a copy takes as long as some readings, so that no list does it: a server, which has the time, copies the
newest days, and those that were read as often. It removes the copies when it ends.
"""

import logging
import math
import shutil
import time
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from threading import Lock
from uuid import uuid4

import duckdb
from duckdb import DuckDBPyConnection

from usage_pipeline.listing.selecting import select_copy
from usage_pipeline.storage.engine import PARQUET, literal, parquet_scan
from usage_pipeline.storage.objects import DayObject

READINGS = 16
"""Readings of a day that take as long as copying it."""
_MOST_BYTES = 240_000_000
"""Of the objects that have copies, which take three to four times as much."""
_AHEAD = 0.75
"""The part of it that days have which are copied ahead."""
_SHARE = 4
"""An object that would take more than this part of it is never copied."""
_ROWS = 4096
"""Rows that are read together: most tenants have fewer on a day, and much smaller groups take more time."""
_NOT_COPIED = (duckdb.IOException, duckdb.OutOfMemoryException, duckdb.InvalidInputException)
_AGAIN_SECONDS = 3600
"""After which a day that could not be copied is tried again."""

_log = logging.getLogger(__name__)


@dataclass
class _Day:
    """A day that was read: how often since it was replaced, and its copy."""

    found: DayObject
    readings: int = 0
    copy: Path | None = None
    failed_at: float = -math.inf
    """When it could not be copied, most likely for want of room."""

    @property
    def kept(self) -> Path | None:
        """The copy, unless somebody has tidied up."""
        return self.copy if self.copy and self.copy.exists() else None


@dataclass
class SortedDays:
    """Copies of days in a folder; those that nobody has read for longest go first. Threads may share it."""

    folder: Path
    most_bytes: int = _MOST_BYTES
    _days: OrderedDict[date, _Day] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)
    _sorting: Lock = field(default_factory=Lock)

    def copies(self, asked: Collection[DayObject]) -> list[Path] | None:
        """Return the copies of days that are read; None if they are to be read from their objects."""
        with self._lock:
            found = [copy for day in asked if (copy := self._read(day))]
        return found if len(found) == len(asked) else None

    def _read(self, found: DayObject) -> Path | None:
        day = self._at(found)
        day.readings += 1
        self._days.move_to_end(found.day)
        return day.kept

    def due(self, newest_first: Iterable[DayObject]) -> list[DayObject]:
        """Return the days to copy: the newest, as many as there is room for, and those that are read often."""
        with self._lock:
            often = [day.found for day in self._days.values() if day.readings > READINGS and not day.kept]
        return list(dict.fromkeys(filter(self._fits, (*self._room_ahead(newest_first), *often))))

    def sort(self, duck: DuckDBPyConnection, found: DayObject) -> bool:
        """Copy a day, if it has no copy and can be copied. Return whether it has one."""
        with self._sorting:
            with self._lock:
                day = self._at(found)
            if day.kept or time.monotonic() - day.failed_at < _AGAIN_SECONDS:
                return day.kept is not None
            copy = self.folder / f"{found.day}-{uuid4().hex}.parquet"
            try:
                _make_copy(duck, found, copy)
            except (*_NOT_COPIED, OSError) as error:
                day.failed_at = time.monotonic()
                _log.warning("The records of %s were not copied; their lists take longer: %s", found.day, error)
                with suppress(OSError):
                    copy.unlink()
            else:
                self._keep(day, copy)
            return day.kept is not None

    def forget(self) -> None:
        """Remove all copies."""
        with self._sorting, self._lock:
            self._days.clear()
            shutil.rmtree(self.folder, ignore_errors=True)

    def _fits(self, found: DayObject) -> bool:
        return found.size * _SHARE <= self.most_bytes

    def _room_ahead(self, days: Iterable[DayObject]) -> Iterator[DayObject]:
        left = self.most_bytes * _AHEAD
        for found in days:
            left -= found.size
            if left < 0:
                return
            yield found

    def _at(self, found: DayObject) -> _Day:
        day = self._days.get(found.day)
        if day is None or day.found != found:
            self._drop(found.day)
            day = self._days[found.day] = _Day(found)
        return day

    def _keep(self, day: _Day, copy: Path) -> None:
        with self._lock:
            if self._days.get(day.found.day) is day and day.found.is_there:
                day.copy = copy
                self._drop_oldest()
            else:  # replaced while it was copied
                copy.unlink(missing_ok=True)

    def _drop_oldest(self) -> None:
        copied = [day.found for day in self._days.values() if day.copy]
        size = sum(found.size for found in copied)
        for found in copied:
            if size > self.most_bytes:
                self._drop(found.day)
                size -= found.size

    def _drop(self, day: date) -> None:
        dropped = self._days.pop(day, None)
        if dropped and dropped.copy:
            dropped.copy.unlink(missing_ok=True)


def _make_copy(duck: DuckDBPyConnection, found: DayObject, copy: Path) -> None:
    copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    options = f"{PARQUET}, ROW_GROUP_SIZE {_ROWS}"
    duck.execute(f"COPY ({select_copy(parquet_scan([found.path]))}) TO {literal(str(copy))} ({options})")
