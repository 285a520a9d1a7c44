"""Ranges of days of commands that read, and their warnings of missing days."""

from datetime import date, datetime

from usage_pipeline.cli.options import day_range
from usage_pipeline.cli.output import count, warn
from usage_pipeline.metrics.answers import Answer
from usage_pipeline.metrics.series import known_tenants
from usage_pipeline.series.status import DayReader
from usage_pipeline.storage.opened import Storage

NAMED_DAYS = 5


def warn_of_missing_days(answer: Answer) -> None:
    """Name the missing days, where rows are sums over several days."""
    missing = [] if "day" in answer.query.group_by else answer.missing
    if missing:
        named = ", ".join(map(str, missing[:NAMED_DAYS])) + (", ..." if len(missing) > NAMED_DAYS else "")
        verb = "is" if len(missing) == 1 else "are"
        days = count(len(answer.statuses), "day")
        warn(f"{len(missing):,} of {days} {verb} missing and not in these sums: {named}")


def known_days(storage: Storage, first: datetime | None, last: datetime | None) -> tuple[date, date]:
    """The asked range of days, by default from the first to the last known day."""
    today = storage.settings.clock.today
    with storage.warehouse.connect() as connection:
        known = DayReader(storage, connection).known_days() or (today, today)
    return day_range(first, last, default=known)


def warn_unknown_tenant(storage: Storage, tenant: str) -> None:
    """Tell when a tenant is asked for of which nothing is known, most likely a typing error."""
    with storage.warehouse.connect() as connection:
        known = known_tenants(connection)
    if tenant not in known:
        warn(f"No usage of a tenant {tenant!r} has landed; known are {', '.join(known[:20]) or 'none'}.")
