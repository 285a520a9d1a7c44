"""The limits in all periods that are open for alerts: the present one, and earlier ones that are not final."""

from collections.abc import Sequence
from datetime import date, timedelta

from usage_pipeline.alerts.episodes import open_days
from usage_pipeline.clock import end_of
from usage_pipeline.limits.limit_file import Limit, in_force
from usage_pipeline.limits.read_status import apply_limits
from usage_pipeline.limits.status import AsOf, TenantLimit
from usage_pipeline.storage.opened import Storage


def open_limits(storage: Storage, limits: Sequence[Limit]) -> list[TenantLimit]:
    """Return the limits as they apply to all tenants, each in all its open periods.

    A period has the version of its last day, the present one that of today. A rolling limit has a period for each
    day.
    """
    return list(
        {
            (limit.limit.id, limit.tenant_id, limit.days): limit
            for day in open_days(storage.settings.clock)
            for limit in apply_limits(storage, in_force(limits, day), _at_end_of(day, storage))
        }.values()
    )


def _at_end_of(day: date, storage: Storage) -> AsOf:
    now = storage.settings.clock.now
    return AsOf(min(end_of(day) - timedelta.resolution, now), now)
