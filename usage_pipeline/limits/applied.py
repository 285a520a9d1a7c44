"""Which limits apply to which tenant, and in which periods: by the files, and by the closed billing periods."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache, partial

from sqlalchemy import Connection

from usage_pipeline.billing.billed_tenants import billed_tenants
from usage_pipeline.billing.calendar import BillingPeriod
from usage_pipeline.billing.ledger.accounts import closed_months_by_tenant
from usage_pipeline.limits.limit_file import EACH, LIMITS_FILE, Limit, in_force, read_limits
from usage_pipeline.limits.periods import BillingCalendar, DayRange, Period, PeriodKind, open_days, period_of
from usage_pipeline.limits.status import AsOf, ScopeValues, TenantLimit
from usage_pipeline.storage.opened import Storage
from usage_pipeline.tenants.models import Tenants
from usage_pipeline.tenants.reference import load_tenants

_NEAR = timedelta(days=100)
"""A period that ended longer ago does not touch the one of the day."""


LimitOfTenant = tuple[str, str]
"""The ids of a tenant and of a limit."""

Watched = Mapping[LimitOfTenant, Collection[ScopeValues]]
"""Limits whose use is of interest however little it is, with the values of which it is even if nothing is used."""


@dataclass(frozen=True)
class OpenLimits:
    """The limits of all tenants in the periods whose numbers still change."""

    present: list[TenantLimit]
    earlier: list[TenantLimit]
    """In periods that have ended and are not final."""
    vanished: list[TenantLimit]
    """Of each tenant, in all open periods, as they apply to watched ones that nobody knows any more."""


def limits_of_day(storage: Storage, as_of: AsOf) -> list[Limit]:
    """Return the limits in force on the day of an instant. Raises ReferenceFileError for a broken file."""
    return in_force(read_limits(storage.settings.reference / LIMITS_FILE), as_of.at.date())


def apply_limits(
    storage: Storage, limits: Sequence[Limit], as_of: AsOf, tenant_id: str | None = None
) -> list[TenantLimit]:
    """Return the limits as they apply to one tenant or to all, in the order of limits and tenants."""
    day = as_of.at.date()
    return _read_accounts(storage, limits, day, tenant_id).apply(limits, day)


def open_limits(storage: Storage, watched: Watched) -> OpenLimits:
    """Return the limits as they apply to all tenants, each in all its open periods.

    A period has the version of its last day, the present one that of today. A rolling limit has a period for each
    day. In earlier periods of limits that nobody watches, use below the lowest threshold is of no interest. Raises
    ReferenceFileError for a broken file.
    """
    limits = read_limits(storage.settings.reference / LIMITS_FILE)
    days = open_days(storage.settings.clock)
    accounts = _read_accounts(storage, limits, days[0])
    *before, present = [accounts.apply(in_force(limits, day), day) for day in days]
    earlier = {_key(limit): limit for applied in before for limit in applied}
    for limit in present:
        earlier.pop(_key(limit), None)
    return OpenLimits(
        present,
        [_of_interest(limit, watched) for limit in earlier.values()],
        _vanished(accounts, limits, days, {tenant_id for tenant_id, _ in watched}),
    )


def _vanished(
    accounts: "_Accounts", limits: Sequence[Limit], days: Iterable[date], watched: Collection[str]
) -> list[TenantLimit]:
    of_each = [limit for limit in limits if limit.tenant == EACH]
    gone = replace(accounts, everybody=sorted(set(watched) - set(accounts.everybody)))
    found = (limit for day in days for limit in gone.apply(in_force(of_each, day), day))
    return [*{_key(limit): limit for limit in found}.values()]


def _of_interest(limit: TenantLimit, watched: Watched) -> TenantLimit:
    if (limit.tenant_id, limit.limit.id) in watched:
        return limit
    return replace(limit, least=min(limit.limit.levels.values()))


def _key(limit: TenantLimit) -> tuple[str, str, DayRange]:
    return limit.limit.id, limit.tenant_id, limit.days


@dataclass(frozen=True)
class _Accounts:
    """Who can have limits, and the billing periods by which they may go."""

    tenants: Tenants
    everybody: Collection[str]
    closed: Mapping[str, Mapping[date, BillingPeriod]]
    only: str | None
    """The tenant that is asked for, if it is not all."""

    def apply(self, limits: Iterable[Limit], day: date) -> list[TenantLimit]:
        """Return the limits, each in the period that holds the day."""
        days_of = cache(partial(self._days_of, day))
        return [
            TenantLimit(limit, name, limit.scope, days_of(limit.period, name if _is_billing(limit) else None))
            for limit in limits
            for name in (self.everybody if limit.tenant == EACH else [limit.tenant])
            if self.only in {None, name}
        ]

    def _days_of(self, day: date, period: Period, tenant_id: str | None) -> DayRange:
        """Return the days of a period; a billing period is that of a tenant."""
        if tenant_id is None:
            return period_of(period, day)
        billing = BillingCalendar(self.tenants.anchor_day_of(tenant_id), self.closed.get(tenant_id, {}))
        return billing.period_of(day)


def _read_accounts(
    storage: Storage, limits: Sequence[Limit], first_day: date, tenant_id: str | None = None
) -> _Accounts:
    """Read what it takes to apply these limits on the first day and later ones."""
    with storage.warehouse.connect() as connection:
        everybody = [tenant_id] if tenant_id is not None else _everybody(storage, connection, limits)
        only, near = None if tenant_id is None else [tenant_id], first_day - _NEAR
        closed = closed_months_by_tenant(connection, only, near) if any(map(_is_billing, limits)) else {}
    return _Accounts(load_tenants(storage.settings), everybody, closed, tenant_id)


def _everybody(storage: Storage, connection: Connection, limits: Iterable[Limit]) -> list[str]:
    """Return all tenants, if a limit is one of each."""
    if all(limit.tenant != EACH for limit in limits):
        return []
    return sorted(billed_tenants(storage.settings, connection))


def _is_billing(limit: Limit) -> bool:
    return limit.period.kind is PeriodKind.BILLING
