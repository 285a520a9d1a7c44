"""What a caller may read: the one place that binds a request to a tenant.

A route gets a `TenantData` and nothing else, so it cannot read what its caller may not. Every method here passes
the tenant on to the room that reads.
"""

from dataclasses import dataclass, replace
from datetime import date

from usage_pipeline.clock import Clock
from usage_pipeline.metrics.answers import Answer
from usage_pipeline.metrics.queries import Query, of_tenant
from usage_pipeline.metrics.read import read
from usage_pipeline.series.status import Day, DayReader
from usage_pipeline.storage.opened import Storage


@dataclass(frozen=True)
class TenantData:
    """The data of one tenant, or of all where the caller may read all and asked for none."""

    _storage: Storage
    tenant_id: str | None
    may_read_content: bool

    @property
    def clock(self) -> Clock:
        """The clock."""
        return self._storage.settings.clock

    def read(self, query: Query) -> Answer:
        """Read numbers of the tenant; a query must not name one itself."""
        if "tenant" in query.filtered:
            raise ValueError("a query of the API is bound to its tenant here, and must not name one")
        return read(self._storage, replace(query, where=(*query.where, *of_tenant(self.tenant_id))))

    def days(self, first: date, last: date) -> list[Day]:
        """Return the status of each day. It says nothing of tenants."""
        with self._storage.warehouse.connect() as connection:
            return DayReader(self._storage, connection).read(first, last)
