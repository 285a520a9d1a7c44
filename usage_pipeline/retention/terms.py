"""The first day that is kept of each tenant, and legal holds."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from usage_pipeline.storage.tables import Term
from usage_pipeline.tenants.models import Tenants


@dataclass(frozen=True)
class KeptFrom:
    """The first days of which texts and records of a tenant are kept; None if all are."""

    tenant: str
    plan: str
    texts_from: date | None
    records_from: date | None
    hold: str | None
    """The reason of its legal hold."""


@dataclass(frozen=True)
class Terms:
    """The terms of all tenants on a day, by the plans in force then. Nothing of a tenant on hold passes a term."""

    tenants: Tenants
    day: date
    today: date
    """A hold that has begun by now counts, whatever the day."""
    only: str | None = None
    """The one tenant whose terms count, if not all do."""

    def first_kept(self, term: Term, tenant_id: str | None) -> date | None:
        """Return the first day that is kept; None if all are.

        Without a tenant it is unknown whose something is: the default plan counts, unless somebody is on hold.
        """
        if tenant_id in self._held or self.only not in {None, tenant_id}:
            return None
        if tenant_id is None:
            return None if self._held else self.of_others(term)
        return self.tenants.first_kept(term, self.tenants.plan_of(tenant_id, self.day), self.day)

    def of_others(self, term: Term) -> date | None:
        """Return the same for a tenant that `tenants.yaml` does not list."""
        if self.only is not None:
            return None
        return self.tenants.first_kept(term, self.tenants.default_plan, self.day)

    def listed(self, term: Term) -> dict[str, date | None]:
        """Return the same for each tenant that it lists, and for the one that is asked for."""
        named = {*self.tenants.by_id, *filter(None, [self.only])}
        return {tenant_id: self.first_kept(term, tenant_id) for tenant_id in named}

    def latest(self, term: Term) -> date | None:
        """Return the first day of which nothing is past its term; None if nothing is at all."""
        firsts = (self.of_others(term), *self.listed(term).values())
        return max((first for first in firsts if first is not None), default=None)

    def by_tenant(self) -> Iterator[KeptFrom]:
        """Yield the first days that are kept of each tenant that is listed, then of all others."""
        for name in sorted(self.listed(Term.RECORDS)):
            texts, records = self.first_kept(Term.CONTENT, name), self.first_kept(Term.RECORDS, name)
            yield KeptFrom(name, self.tenants.plan_of(name, self.day), texts, records, self._held.get(name))
        if self.only is None:
            texts, records = self.of_others(Term.CONTENT), self.of_others(Term.RECORDS)
            yield KeptFrom("(others)", self.tenants.default_plan, texts, records, None)

    @property
    def _held(self) -> dict[str, str]:
        """Return the tenants on hold, with the reasons."""
        return {
            tenant_id: tenant.legal_hold.reason
            for tenant_id, tenant in self.tenants.by_id.items()
            if tenant.legal_hold and tenant.legal_hold.since <= self.today
        }
