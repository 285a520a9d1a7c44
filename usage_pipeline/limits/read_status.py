"""Reads how limits stand: what was used in the periods that they are in."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import chain

from usage_pipeline.errors import QueryError
from usage_pipeline.limits.applied import OpenLimits, apply_limits, limits_of_day
from usage_pipeline.limits.limited_usage import read_usage
from usage_pipeline.limits.status import AsOf, LimitStatus, TenantLimit, statuses_of
from usage_pipeline.series.status import DayReader, DayStatus
from usage_pipeline.storage.opened import Storage


@dataclass(frozen=True)
class OpenStatus:
    """How the limits of all tenants stand in the periods whose numbers still change."""

    present: list[LimitStatus]
    earlier: list[LimitStatus]
    """In periods that have ended and are not final, where that is of interest."""


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


def measure(storage: Storage, limits: Sequence[TenantLimit], as_of: AsOf) -> list[LimitStatus]:
    """Return how these limits stand: one row each, or one for each value of its scope that has usage."""
    return [*chain.from_iterable(_measure_each(storage, limits, as_of))]


def measure_open(storage: Storage, limits: OpenLimits, as_of: AsOf) -> OpenStatus:
    """Return how limits stand in all open periods, from one reading of what was used."""
    found = _measure_each(storage, [*limits.present, *limits.earlier], as_of)
    number = len(limits.present)
    return OpenStatus([*chain.from_iterable(found[:number])], [*chain.from_iterable(found[number:])])


def _measure_each(storage: Storage, limits: Sequence[TenantLimit], as_of: AsOf) -> list[list[LimitStatus]]:
    if not limits:
        return []
    missing = _missing_days(storage, limits, as_of)
    used = read_usage(storage, limits, as_of.last_day)
    return [statuses_of(limit, usage, as_of, missing) for limit, usage in zip(limits, used, strict=True)]


def _missing_days(storage: Storage, limits: Collection[TenantLimit], as_of: AsOf) -> list[date]:
    """Return the days of the periods that are over and of which no logs are there."""
    first, last = (
        min(limit.days.first for limit in limits),
        min(as_of.last_day, as_of.now.date() - timedelta(days=1)),
    )
    with storage.warehouse.connect() as connection:
        days = DayReader(storage, connection).read(first, last)
    return [day.day for day in days if day.status is DayStatus.MISSING]
