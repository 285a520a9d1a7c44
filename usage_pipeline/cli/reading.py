"""Ranges of days and warnings of commands that read."""

from datetime import date, datetime

from usage_pipeline.cli.options import day_range
from usage_pipeline.cli.output import count, listed, warn
from usage_pipeline.metrics.answers import Answer
from usage_pipeline.metrics.series import known_tenants
from usage_pipeline.series.status import DayReader
from usage_pipeline.storage.opened import Storage


def warn_of_missing_days(answer: Answer) -> None:
    """Name the missing days if rows are sums over several days."""
    missing = [] if "day" in answer.query.group_by else answer.missing
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        days = count(len(answer.statuses), "day")
        warn(f"{len(missing):,} of {days} {verb} missing and not in these sums: {listed(missing)}")


def known_days(storage: Storage, first: datetime | None, last: datetime | None) -> tuple[date, date]:
    """Return the days from `--from` to `--to`, by default from the first to the last known day."""
    today = storage.settings.clock.today
    with storage.warehouse.connect() as connection:
        known = DayReader(storage, connection).known_days() or (today, today)
    return day_range(first, last, known)


def warn_unknown_tenant(storage: Storage, tenant: str | None) -> None:
    """Warn if a `--tenant` has no usage, which is most likely a typing error."""
    if tenant is None:
        return
    with storage.warehouse.connect() as connection:
        known = known_tenants(connection)
    if tenant not in known:
        warn(f"No usage of a tenant {tenant!r} has landed; known are {', '.join(known[:20]) or 'none'}.")
