"""The days whose records a list is read from, as the state knows them, with their objects."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date

from duckdb import DuckDBPyConnection

from usage_pipeline.listing.cursors import Place
from usage_pipeline.listing.queries import Order, RecordQuery
from usage_pipeline.metrics.rollups import gone_days
from usage_pipeline.records.tables import USAGE_RECORDS
from usage_pipeline.storage import state
from usage_pipeline.storage.objects import DayObject
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.pruned import PrunedTenants, first_kept_day


@dataclass(frozen=True)
class RecordDays:
    """The days that have records of a list, in its order, and the tenants that have lost those of some of them."""

    storage: Storage
    days: list[date]
    pruned: PrunedTenants

    @classmethod
    def of(cls, storage: Storage, query: RecordQuery, after: Place | None = None) -> "RecordDays":
        """Find them, from a place in the list on if one is given."""
        first, last = query.first or date.min, query.last or date.max
        if after is not None:
            ascends = query.order is Order.ASC
            first, last = (max(first, after.day), last) if ascends else (first, min(last, after.day))
        with storage.warehouse.connect() as connection:
            if query.tenant_id is not None:
                first = max(first, first_kept_day(connection, query.tenant_id) or first)
            days = state.days_with_rows(connection, USAGE_RECORDS.name, first, last)
            pruned = PrunedTenants.of_days(connection, days if query.tenant_id is None else ())
        return cls(storage, days if query.order is Order.ASC else days[::-1], pruned)

    def objects(self) -> Iterator[DayObject]:
        """Yield the object of each day. Raises PartitionError where it is gone."""
        for day in self.days:
            try:
                yield DayObject.of(day, self.storage.lake.object(USAGE_RECORDS.spec, day))
            except FileNotFoundError:
                raise gone_days(self.storage, USAGE_RECORDS.spec, [day]) from None

    def kept(self, duck: DuckDBPyConnection, rows: str, days: Collection[DayObject]) -> str:
        """Return the relation of those of the rows of these days that are not pruned."""
        if not any(found.day < self.pruned.end for found in days):
            return rows
        self.pruned.register(duck)
        return self.pruned.kept(f"(SELECT *, CAST(occurred_at AS DATE) AS event_day FROM {rows})")
