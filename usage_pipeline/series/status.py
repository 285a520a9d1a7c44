"""How far a day can be trusted, derived on reading: missing, provisional, final or restated.

- missing: it is before the calendar or not over yet; or no landing day from it on was committed after it
  ended; or, from the first landing folder on, it has no record of any tenant, and no landing folder of its own
  with a file that can be used; or it has landed, and a table that is read was never computed for it. An outage
  is null, not zero, and so is a day that fails or waits.
- provisional: until `lateness_days` after its end; then final.
- restated: its series changed after it was final.
"""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from itertools import accumulate
from typing import TypeVar

from sqlalchemy import Connection

from usage_pipeline.clock import days_between, end_of
from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.records.tables import USAGE_RECORDS
from usage_pipeline.series.tables import CONVERSATION_SERIES, MESSAGE_SERIES, TOKEN_SERIES
from usage_pipeline.storage import landed_days, landed_files, state
from usage_pipeline.storage.daily import ACCOUNTED
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.state import Partition

SERIES = (TOKEN_SERIES, CONVERSATION_SERIES, MESSAGE_SERIES)
SERIES_NAMES = tuple(table.name for table in SERIES)
Value = TypeVar("Value", int, datetime)
_TABLES = (LANDED_EVENTS.name, USAGE_RECORDS.name, *SERIES_NAMES)


class DayStatus(StrEnum):
    """How far a day can be trusted."""

    MISSING = "missing"
    PROVISIONAL = "provisional"
    FINAL = "final"
    RESTATED = "restated"


@dataclass(frozen=True)
class Day:
    """One event day: its status and how its landed rows were accounted for."""

    day: date
    status: DayStatus
    version: int
    records: int
    pruned: int
    """Landed lines of the day whose records are pruned; they are in no other of these counts."""
    duplicates: int
    conflicts: int
    voided: int
    voids: int
    unmatched_voids: int
    late_records: int


@dataclass(frozen=True)
class _State:
    """What the state says of all days."""

    records: Mapping[date, Partition]
    pruned: Mapping[date, int]
    """Lines whose records are gone; 0 on a day of which an erasure may have left sums only."""
    versions: Mapping[date, int]
    """Of the series: the newest of each day."""
    changed_at: Mapping[date, datetime]
    """When a series changed last, of days that had been computed before."""
    delivered: Collection[date]
    """The landing days with a file that can be used."""
    landing_days: Sequence[date]
    """Those that were committed, in order."""
    last_commits: Sequence[datetime]
    """The last commit of each of them and of all later ones."""
    with_records: Collection[date]
    """The event days with records that have landed and are not pruned."""
    never_committed: Mapping[str, Collection[date]]
    """Those of them that have no version, by table; a table that has no day at all lacks all."""
    derived: dict[tuple[object, ...], dict[date, DayStatus]] = field(default_factory=dict)
    """The statuses that were derived of it, by what else they depend on."""


def _read_state(connection: Connection) -> _State:
    known = state.partitions_of(connection, _TABLES)
    commits = {
        day: landing.committed_at for day, landing in known[LANDED_EVENTS.name].items() if landing.committed_at
    }
    days = sorted(commits)
    series = [entry for table in SERIES for entry in known[table.name].items()]
    with_records = landed_days.days_with_records(connection)
    return _State(
        records=known[USAGE_RECORDS.name],
        pruned={**{day: 0 for day, found in series if found.rows}, **landed_days.pruned_by_event_day(connection)},
        versions=_latest((day, found.version) for day, found in series),
        changed_at=_latest(
            # A first computation, however late, restates nothing.
            (day, found.changed_at)
            for day, found in series
            if found.version > 1 and found.changed_at is not None
        ),
        delivered=commits.keys() - landed_files.unusable_days(connection),
        landing_days=days,
        last_commits=[*accumulate((commits[day] for day in reversed(days)), max)][::-1],
        with_records=with_records,
        never_committed=state.never_committed(connection, with_records),
    )


def _latest(values: Iterable[tuple[date, Value]]) -> dict[date, Value]:
    """Return the largest value of each day."""
    found: dict[date, Value] = {}
    for day, value in values:
        found[day] = max(found.get(day, value), value)
    return found


class DayReader:
    """Answers for any day, from one reading of the state."""

    def __init__(
        self, storage: Storage, connection: Connection | None = None, tables: Iterable[str] = SERIES_NAMES
    ) -> None:
        """Read the state, unless it is known and has not changed; on a connection, as that one sees it.

        A day that was never computed for one of the tables is missing.
        """
        self._clock = storage.settings.clock
        self._today, self._last_final_day = self._clock.today, self._clock.last_final_day
        self._first_day = storage.settings.first_day
        recalled = storage.recalled
        self._state = recalled.read(connection, _read_state) if connection else storage.recall(_read_state)
        self._tables: tuple[str, ...] = ()
        self._derived: dict[date, DayStatus] = {}
        self._read_for(tables)

    def _read_for(self, tables: Iterable[str]) -> None:
        self._tables = tuple(tables)
        depends_on = (self._first_day, self._today, self._last_final_day, self._clock.lateness, self._tables)
        self._derived = self._state.derived.setdefault(depends_on, {})

    def of(self, *tables: str) -> "DayReader":
        """The same for numbers of other tables, from the same reading."""
        found = copy(self)
        found._read_for(tables)  # noqa: SLF001 - one of its own kind
        return found

    def read(self, first: date, last: date) -> list[Day]:
        """The days from first to last, both included."""
        return [self._day(day) for day in days_between(first, last)]

    def statuses(self, days: Iterable[date]) -> dict[date, DayStatus]:
        """The status of each of these days."""
        return {day: self._status(day) for day in days}

    def uncomputed(self, days: Iterable[date]) -> list[date]:
        """Those of the days that have landed, and were never computed for one of the tables."""
        return [day for day in days if day >= self._first_day and self._is_uncomputed(day)]

    def known_days(self) -> tuple[date, date] | None:
        """The first and the last day that has records or a landing folder."""
        days = [*self._state.records, *self._state.landing_days]
        return (min(days), max(days)) if days else None

    def _day(self, day: date) -> Day:
        records = self._state.records.get(day)
        return Day(
            day=day,
            status=self._status(day),
            version=self._state.versions.get(day, 0),
            records=_count(records, "rows"),
            pruned=self._state.pruned.get(day, 0),
            **{name: _count(records, name) for name in ACCOUNTED},
        )

    def _status(self, day: date) -> DayStatus:
        if not self._first_day <= day < self._today:
            return DayStatus.MISSING
        if day not in self._derived:
            self._derived[day] = self._derive(day)
        return self._derived[day]

    def _derive(self, day: date) -> DayStatus:
        if self._is_missing(day):
            return DayStatus.MISSING
        if day > self._last_final_day:
            return DayStatus.PROVISIONAL
        changed_at = self._state.changed_at.get(day)
        if changed_at is not None and changed_at >= self._clock.final_at(day):
            return DayStatus.RESTATED
        return DayStatus.FINAL

    def _is_missing(self, day: date) -> bool:
        known = self._state
        at = bisect_left(known.landing_days, day)
        if at == len(known.landing_days) or known.last_commits[at] < end_of(day):
            return True
        expected = day >= known.landing_days[0]
        has_records = _count(known.records.get(day), "rows") or day in known.pruned
        is_outage = expected and day not in known.delivered and not has_records
        return is_outage or self._is_uncomputed(day)

    def _is_uncomputed(self, day: date) -> bool:
        """Whether its records have landed, and never got into one of the tables. A stale day keeps its numbers."""
        known = self._state
        return day in known.with_records and any(
            day in known.never_committed.get(table, known.with_records) for table in self._tables
        )


def _count(partition: Partition | None, name: str) -> int:
    return (getattr(partition, name) if partition else None) or 0
