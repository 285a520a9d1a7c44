"""The days whose records a list is read from, as the state knows them, with their objects.

An object is replaced a moment before the state says that its day has changed. Who reads the new rows with the
state of before would take them for those of before.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from datetime import date, datetime

from duckdb import DuckDBPyConnection
from sqlalchemy import Connection

from usage_pipeline.listing.cursors import Place
from usage_pipeline.listing.queries import Order, RecordQuery
from usage_pipeline.metrics.rollups import gone_days
from usage_pipeline.records.tables import USAGE_RECORDS
from usage_pipeline.storage import state
from usage_pipeline.storage.objects import DayObject, Version
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.pruned import PrunedTenants, first_kept_days


@dataclass(frozen=True)
class _State:
    """What the state says of records: the days that have some, in order, and what tenants have lost."""

    days: list[date]
    changed_at: Mapping[date, datetime]
    """When the records of each day changed last."""
    first_kept: Mapping[str, date]
    being_written: frozenset[date]


def _read_state(connection: Connection) -> _State:
    changed_at = state.changes_of_days_with_rows(connection, USAGE_RECORDS.name)
    being_written = state.days_being_written(connection, USAGE_RECORDS.name)
    return _State(sorted(changed_at), changed_at, first_kept_days(connection), being_written)


Settled = MutableMapping[date, tuple[datetime, Version]]
"""Objects that belong to their days as the state knows them: when each changed, and the object then."""


@dataclass(frozen=True)
class RecordDays:
    """The days that have records of a list, in its order, and the tenants that have lost those of some of them."""

    storage: Storage
    days: list[date]
    changed_at: Mapping[date, datetime]
    pruned: PrunedTenants

    @classmethod
    def of(cls, storage: Storage, query: RecordQuery, after: Place | None = None) -> "RecordDays":
        """Find them, from a place in the list on if one is given."""
        first, last = query.first or date.min, query.last or date.max
        if after is not None:
            ascends = query.order is Order.ASC
            first, last = (max(first, after.day), last) if ascends else (first, min(last, after.day))
        known = storage.recall(_read_state)
        if query.tenant_id is not None:
            first = max(first, known.first_kept.get(query.tenant_id, first))
        days = known.days[bisect_left(known.days, first) : bisect_right(known.days, last)]
        lost = {} if query.tenant_id is not None or not days else known.first_kept
        pruned = PrunedTenants({tenant: day for tenant, day in lost.items() if day > days[0]})
        return cls(storage, days if query.order is Order.ASC else days[::-1], known.changed_at, pruned)

    def objects(self, known: MutableMapping[date, DayObject] | None = None) -> Iterator[DayObject]:
        """Yield the object of each day. Raises PartitionError where it is gone.

        Those that are known from earlier only need another look, and `known` learns of them.
        """
        known = {} if known is None else known
        for day in self.days:
            try:
                known[day] = found = known[day].now() if day in known else self._look(day)
                yield found
            except FileNotFoundError:
                raise gone_days(self.storage, USAGE_RECORDS.spec, [day]) from None

    def are_settled(self, read: Collection[DayObject], settled: Settled) -> bool:
        """Return whether objects that were read are there still, and are those that the state means."""
        if not all(found.is_there for found in read):
            return False
        unsure = [found for found in read if settled.get(found.day) != self._as_known(found)]
        if unsure:
            present = self.storage.recall(_read_state)
            if any(not self._is_known(found.day, present) for found in unsure):
                return False
            self.settle(unsure, settled)
        return True

    def settle(self, read: Collection[DayObject], settled: Settled) -> None:
        """Take objects for those that the state means."""
        settled.update((found.day, self._as_known(found)) for found in read)

    def _is_known(self, day: date, present: _State) -> bool:
        return day not in present.being_written and present.changed_at.get(day) == self.changed_at[day]

    def _as_known(self, found: DayObject) -> tuple[datetime, Version]:
        return self.changed_at[found.day], found.version

    def _look(self, day: date) -> DayObject:
        return DayObject.of(day, self.storage.lake.object(USAGE_RECORDS.spec, day))

    def kept(self, duck: DuckDBPyConnection, rows: str, days: Collection[DayObject]) -> str:
        """Return the relation of those of the rows of these days that are not pruned."""
        if not any(found.day < self.pruned.end for found in days):
            return rows
        self.pruned.register(duck)
        return self.pruned.kept(f"(SELECT *, CAST(occurred_at AS DATE) AS event_day FROM {rows})")
