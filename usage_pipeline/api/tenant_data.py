"""What a caller may read: the one place that binds a request to a tenant.

A route gets a `TenantData` and nothing else, so it cannot read what its caller may not. Every method here passes
the tenant on to the room that reads.
"""

from dataclasses import dataclass, replace
from datetime import date

from usage_pipeline.billing.billed_tenants import billed_tenants
from usage_pipeline.clock import Clock
from usage_pipeline.metrics.answers import Answer
from usage_pipeline.metrics.queries import Query, of_tenant
from usage_pipeline.metrics.read import read
from usage_pipeline.series.status import Day, DayReader
from usage_pipeline.storage.engine import undisturbed
from usage_pipeline.storage.opened import Storage
from usage_pipeline.tenants.models import Tenant
from usage_pipeline.tenants.reference import load_tenants


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

    @property
    def platform_name(self) -> str:
        """The name of the platform."""
        return self._storage.settings.platform_name

    @property
    def tenant(self) -> Tenant:
        """The entry of the tenant in `tenants.yaml`; an empty one without an entry, and for all tenants."""
        known = load_tenants(self._storage.settings).by_id
        return known.get(self.tenant_id or "") or Tenant.model_validate({})

    def tenant_names(self) -> list[tuple[str, str | None]]:
        """Return ids and names: of the tenant, or of all that have an entry or usage, by id."""
        known = load_tenants(self._storage.settings).by_id
        with self._storage.warehouse.connect() as connection:
            billed = billed_tenants(self._storage.settings, connection)
        asked = billed if self.tenant_id is None else billed & {self.tenant_id}
        return [(name, known[name].name if name in known else None) for name in sorted(asked)]

    def read(self, query: Query) -> Answer:
        """Read numbers of the tenant; a query must not name one itself."""
        if "tenant" in query.filtered:
            raise ValueError("a query of the API is bound to its tenant here, and must not name one")
        bound = replace(query, where=(*query.where, *of_tenant(self.tenant_id)))
        return undisturbed(read)(self._storage, bound)

    def days(self, first: date, last: date) -> list[Day]:
        """Return the status of each day. It says nothing of tenants."""
        with self._storage.warehouse.connect() as connection:
            return DayReader(self._storage, connection).read(first, last)

    def known_days(self) -> tuple[date, date] | None:
        """Return the first and the last day that has records or a landing folder; None without any."""
        with self._storage.warehouse.connect() as connection:
            return DayReader(self._storage, connection).known_days()
