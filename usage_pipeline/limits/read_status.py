"""Reads how limits stand: which apply to which tenant, the periods that they are in, and what was used."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, select

from usage_pipeline.billing.billed_tenants import billed_tenants
from usage_pipeline.billing.calendar import BillingPeriod, by_month
from usage_pipeline.billing.tables import CLOSED_PERIODS
from usage_pipeline.errors import QueryError
from usage_pipeline.limits.limit_file import EACH, LIMITS_FILE, Limit, in_force, read_limits
from usage_pipeline.limits.limited_usage import read_usage
from usage_pipeline.limits.periods import BillingCalendar, PeriodKind, period_of
from usage_pipeline.limits.status import AsOf, LimitStatus, TenantLimit, status_of
from usage_pipeline.series.status import DayReader, DayStatus
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import warehouse_table
from usage_pipeline.tenants.reference import load_tenants

closed_periods = warehouse_table(CLOSED_PERIODS)

_NEAR = timedelta(days=100)
"""A period that ended longer ago does not touch the one of the day."""


def read_status(storage: Storage, at: datetime | None = None, tenant_id: str | None = None) -> list[LimitStatus]:
    """Return the limits of one tenant or of all at an instant, now without it, in the order of the file.

    Raises ReferenceFileError for a broken file, QueryError for an instant that has not come, and PartitionError if
    the rows of a computed day are gone.
    """
    as_of = as_of_instant(storage, at)
    return measure(storage, apply_limits(storage, limits_of_day(storage, as_of), as_of, tenant_id), as_of)


def as_of_instant(storage: Storage, at: datetime | None) -> AsOf:
    """Return the instant that is asked for. Raises QueryError if it has not come."""
    now = storage.settings.clock.now
    if at is not None and at > now:
        raise QueryError(f"{at:%Y-%m-%dT%H:%M:%SZ} has not come: nothing is known of usage until then.")
    return AsOf(at or now, now)


def limits_of_day(storage: Storage, as_of: AsOf) -> list[Limit]:
    """Return the limits in force on the day of an instant. Raises ReferenceFileError for a broken file."""
    return in_force(read_limits(storage.settings.reference / LIMITS_FILE), as_of.at.date())


def apply_limits(
    storage: Storage, limits: Sequence[Limit], as_of: AsOf, tenant_id: str | None = None
) -> list[TenantLimit]:
    """Return the limits as they apply to one tenant or to all, in the order of limits and tenants."""
    day, tenants = as_of.at.date(), load_tenants(storage.settings)
    with storage.warehouse.connect() as connection:
        everybody = [tenant_id] if tenant_id is not None else _everybody(storage, connection, limits)
        closed = _closed(connection, day) if any(_is_billing(limit) for limit in limits) else {}
    return [
        TenantLimit(
            limit=limit,
            tenant_id=name,
            scope=limit.scope,
            days=period_of(limit.period, day, BillingCalendar(tenants.anchor_day_of(name), closed.get(name, {}))),
        )
        for limit in limits
        for name in (everybody if limit.tenant == EACH else [limit.tenant])
        if tenant_id in {None, name}
    ]


def measure(storage: Storage, limits: Sequence[TenantLimit], as_of: AsOf) -> list[LimitStatus]:
    """Return how these limits stand: one row each, or one for each value of its scope that has usage."""
    if not limits:
        return []
    missing = _missing_days(storage, limits, as_of)
    return [
        status_of(limit, values, used, as_of, missing)
        for limit, usage in zip(limits, read_usage(storage, limits, as_of.last_day), strict=True)
        for values, used in sorted(usage.items(), key=lambda item: item[0])
    ]


def _everybody(storage: Storage, connection: Connection, limits: Iterable[Limit]) -> list[str]:
    """Return all tenants, if a limit is one of each."""
    if all(limit.tenant != EACH for limit in limits):
        return []
    return sorted(billed_tenants(storage.settings, connection))


def _is_billing(limit: Limit) -> bool:
    return limit.period.kind is PeriodKind.BILLING


def _closed(connection: Connection, day: date) -> Mapping[str, Mapping[date, BillingPeriod]]:
    """Return the closed periods near a day, by tenant and month."""
    columns = closed_periods.c
    query = select(columns.tenant_id, columns.first_day, columns.last_day).where(columns.last_day >= day - _NEAR)
    found: defaultdict[str, dict[date, BillingPeriod]] = defaultdict(dict)
    for tenant_id, first, last in connection.execute(query):
        found[tenant_id] |= by_month([BillingPeriod(first, last)])
    return found


def _missing_days(storage: Storage, limits: Collection[TenantLimit], as_of: AsOf) -> list[date]:
    """Return the days of the periods that are over and of which no logs are there."""
    first, last = (
        min(limit.days.first for limit in limits),
        min(as_of.last_day, as_of.now.date() - timedelta(days=1)),
    )
    with storage.warehouse.connect() as connection:
        days = DayReader(storage, connection).read(first, last)
    return [day.day for day in days if day.status is DayStatus.MISSING]
