"""Finds the records of a list behind a place, in as few objects as possible.

Days are read in the order of the list until there are enough records, without those that cannot have any.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from duckdb import DuckDBPyConnection

from usage_pipeline.listing.columns import RELATED, columns_of
from usage_pipeline.listing.cursors import Place, Position
from usage_pipeline.listing.kept_records import FEW, DayRecords, Found, KeptRecords
from usage_pipeline.listing.known_values import KnownValues, hashes_of
from usage_pipeline.listing.moved_records import rows_as_of
from usage_pipeline.listing.queries import FILTERS, Order, RecordQuery
from usage_pipeline.listing.record_days import RecordDays, Settled
from usage_pipeline.listing.selecting import PLACE, READ, json_object, select_copied, select_records
from usage_pipeline.listing.sorted_days import SortedDays
from usage_pipeline.storage.engine import parquet_scan
from usage_pipeline.storage.objects import DayObject

if TYPE_CHECKING:
    from usage_pipeline.listing.known_values import Hashes


_DAY = 24 * 3600 * 1_000_000
"""Microseconds."""
_TURNED = 2
"""Days that are read together for who turns pages."""


@dataclass(frozen=True)
class Learnt:
    """What earlier pages have learnt of objects."""

    days: SortedDays
    values: KnownValues = field(default_factory=KnownValues)
    records: KeptRecords = field(default_factory=KeptRecords)
    objects: dict[date, DayObject] = field(default_factory=dict)
    settled: Settled = field(default_factory=dict)


@dataclass(frozen=True)
class Search:
    """The search for the records of one page."""

    query: RecordQuery
    days: RecordDays
    duck: DuckDBPyConnection
    learnt: Learnt
    after: Position | None = None
    """Where it begins; at the beginning of the list without it."""
    searched: list[DayObject] = field(default_factory=list)
    """The objects in which it looked for records."""

    def find(self, most: int) -> Found:
        """Return the first records behind the position, at most so many.

        The number of days that are read together doubles: most pages are within a day, and rare records are not
        to take ninety readings. Who turns pages goes on, and has several days read together from the beginning.
        """
        matching, size = self._matching(), 1 if self.after is None else _TURNED
        found: Found = []
        while len(found) < most and (day := next(matching, None)):
            if self._is_alone(day):
                days = [day]
            else:
                days, size = [day, *islice(matching, size - 1)], size * 2
            found += self._records(days, most - len(found))
        return found[:most]

    def read_ahead(self) -> None:
        """Learn the records of the days behind that of the position, unless the next one is known."""
        if self.query.tenant_id is None:  # nothing is kept of these
            return
        behind = (day for day in self._matching() if self.after is None or day.day != self.after.place.day)
        day = next(behind, None)
        if day and not self._kept(day):
            self._few([day, *islice(behind, _TURNED - 1)])

    def _is_alone(self, day: DayObject) -> bool:
        """Return whether a day is read by itself: one that is known, and that of the position."""
        return self._kept(day) is not None or (self.after is not None and self.after.place.day == day.day)

    def _matching(self) -> Iterator[DayObject]:
        """Yield the objects that may have records of the list, in its order."""
        for day in self.days.objects(self.learnt.objects):
            if self._has_moved(day) or self._kept(day) or self.learnt.values.may_have(self.duck, day, self._asked):
                self.searched.append(day)
                yield day

    @cached_property
    def _asked(self) -> "Mapping[str, Hashes]":
        """The hashes of the values of which some columns must have one."""
        asked = {FILTERS[name]: values for name, values in self.query.filters if name in RELATED}
        if self.query.tenant_id is not None:
            asked["tenant_id"] = (self.query.tenant_id,)
        return {column: hashes_of(values) for column, values in asked.items()}

    def _kept(self, day: DayObject) -> DayRecords | None:
        return self.learnt.records.get(day, self.query.key)

    def _has_moved(self, day: DayObject) -> bool:
        """Return True for the day of the position if its records have changed since it is known."""
        after = self.after
        if after is None or after.place.day != day.day:
            return False
        return self.days.changed_at[day.day] != after.known_at

    def _records(self, days: list[DayObject], most: int) -> Found:
        """Return the records of these days behind the position; of many, so many at least."""
        after = self.after and self.after.place
        if self._has_moved(days[0]):
            return self._read(days, most, after)
        # The rows of a list of all tenants depend on what is pruned of each, not only on objects.
        few = None if self.query.tenant_id is None else self._few(days)
        if few is None:
            return self._read(days, most, after)
        return [(place, text) for place, text in few if self._is_behind(place, after)]

    def _few(self, days: list[DayObject]) -> Found | None:
        """Return all records of these days; None if they are many."""
        known = self._known(days)
        if len(known) < len(days):
            with self.learnt.records.learning(self.query.key):
                known |= self._known([day for day in days if day not in known])
                known |= self._learn([day for day in days if day not in known])
        found: Found = []
        for day in days:
            if (records := known[day]) is None:
                return None
            found += records
        return found

    def _known(self, days: list[DayObject]) -> dict[DayObject, Found | None]:
        return {day: kept.records for day in days if (kept := self._kept(day))}

    def _learn(self, days: list[DayObject]) -> dict[DayObject, Found | None]:
        found = self._read(days, FEW + 1, None) if days else []
        are_few = len(found) <= FEW
        learnt = {day: _of_day(found, day) if are_few else None for day in days}
        for day, records in learnt.items():
            self.learnt.records.keep(self.query.key, DayRecords.of(day, records))
        return learnt

    def _read(self, days: list[DayObject], most: int, after: Place | None) -> Found:
        if copies := self._copies(days):
            select = select_copied(self.query, parquet_scan(copies), after, most)
        else:
            rows = self.days.kept(self.duck, self._rows(days), days)
            shown = f"{PLACE}, {json_object(columns_of(self.query.tenant_id))}"
            select = select_records(self.query, rows, shown, after, most)
        return [(Place(*place), text) for *place, text in self.duck.execute(select).fetchall()]

    def _copies(self, days: list[DayObject]) -> list[Path] | None:
        """Return the copies of these days; None if the list needs what is only in their objects."""
        if self.query.tenant_id is None or self.query.meta or self._has_moved(days[0]):
            return None
        return self.learnt.days.copies(days)

    def _rows(self, days: list[DayObject]) -> str:
        """Return the relation of the rows of these days.

        The day in which others were landed while its pages are turned is the first one, and is read alone.
        """
        if self.after and self._has_moved(days[0]):
            return rows_as_of(self.days.storage, days[0].day, parquet_scan([days[0].path]), self.after.known_at)
        return f"(SELECT {READ} FROM {parquet_scan(day.path for day in days)})"

    def _is_behind(self, place: Place, after: Place | None) -> bool:
        if after is None:
            return True
        return place > after if self.query.order is Order.ASC else place < after


def _of_day(found: Found, day: DayObject) -> Found:
    begin = int(datetime.combine(day.day, time(), UTC).timestamp()) * 1_000_000
    return [(place, text) for place, text in found if 0 <= place.occurred_at - begin < _DAY]
