"""Reads how limits stand: what was used in the periods that they are in."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from usage_pipeline.clock import days_between
from usage_pipeline.errors import QueryError
from usage_pipeline.limits.applied import OpenLimits, Watched, apply_limits, limits_of_day
from usage_pipeline.limits.limited_usage import TABLES_OF, read_usage
from usage_pipeline.limits.status import NOTHING_USED, AsOf, LimitStatus, TenantLimit, Usage, statuses_of
from usage_pipeline.series.status import DayReader, DayStatus
from usage_pipeline.storage.opened import Storage


@dataclass(frozen=True)
class OpenStatus:
    """How the limits of all tenants stand in the periods whose numbers still change."""

    present: list[LimitStatus]
    earlier: list[LimitStatus]
    """In periods that have ended and are not final, where that is of interest."""
    gone: list[LimitStatus]
    """In all of them, of watched values and tenants of which nothing is left: their usage was taken back."""


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
    if not limits:
        return []
    used = zip(limits, read_usage(storage, limits, as_of.last_day), strict=True)
    return _statuses(used, as_of, _missing_days(storage, limits, as_of))


def measure_open(storage: Storage, limits: OpenLimits, as_of: AsOf, watched: Watched) -> OpenStatus:
    """Return how limits stand in all open periods, from one reading of what was used."""
    applied = [*limits.present, *limits.earlier]
    if not applied and not limits.vanished:
        return OpenStatus([], [], [])
    missing = _missing_days(storage, [*applied, *limits.vanished], as_of)
    used = [*zip(applied, read_usage(storage, applied, as_of.last_day), strict=True)]
    nothing: list[tuple[TenantLimit, Usage]] = [(limit, {}) for limit in limits.vanished]
    gone = ((limit, _unused(limit, usage, watched)) for limit, usage in [*used, *nothing])
    number = len(limits.present)
    return OpenStatus(
        present=_statuses(used[:number], as_of, missing),
        earlier=_statuses(used[number:], as_of, missing),
        gone=_statuses(gone, as_of, missing),
    )


def _unused(limit: TenantLimit, usage: Usage, watched: Watched) -> Usage:
    values = watched.get((limit.tenant_id, limit.limit.id), ())
    return {own: NOTHING_USED for own in values if own not in usage}


def _statuses(
    used: Iterable[tuple[TenantLimit, Usage]], as_of: AsOf, missing: Mapping[str, Sequence[date]]
) -> list[LimitStatus]:
    return [status for limit, usage in used for status in statuses_of(limit, usage, as_of, missing[limit.metric])]


def _missing_days(storage: Storage, limits: Collection[TenantLimit], as_of: AsOf) -> Mapping[str, Sequence[date]]:
    """Return by metric the days of the periods, in order, of which the use is not known.

    They are those that are over and have no logs, and those with logs that were never computed.
    """
    first, today = min(limit.days.first for limit in limits), as_of.now.date()
    days = days_between(first, min(as_of.last_day, today))
    with storage.warehouse.connect() as connection:
        reader = DayReader(storage, connection)
    found = {name: _unknown(reader.of(name), days, today) for name in {TABLES_OF[one.metric] for one in limits}}
    return {one.metric: found[TABLES_OF[one.metric]] for one in limits}


def _unknown(reader: DayReader, days: Sequence[date], today: date) -> list[date]:
    begun = reader.uncomputed(day for day in days if day == today)
    over = reader.statuses(day for day in days if day < today)
    return [*(day for day, status in over.items() if status is DayStatus.MISSING), *begun]
