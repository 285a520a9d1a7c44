"""Whether the newest day that should be there by now is there: what an external monitor wants to know."""

from datetime import date, timedelta

from usage_pipeline.pipeline.tables import DAILY_TABLES
from usage_pipeline.series.status import DayReader, DayStatus
from usage_pipeline.storage.compute import stale_days
from usage_pipeline.storage.opened import Storage


def due_day(storage: Storage) -> date:
    """The newest day that ended long enough ago to be expected."""
    settings = storage.settings
    return (settings.clock() - timedelta(hours=settings.late_after_hours)).date() - timedelta(days=1)


def why_late(storage: Storage) -> str | None:
    """What is wrong with the newest due day; None if it is there and current, or nothing is expected yet."""
    day = due_day(storage)
    with storage.warehouse.connect() as connection:
        reader = DayReader(storage, connection)
        known = reader.known_days()
        if known is None or day < known[0]:
            return None
        if reader.read(day, day)[0].status is DayStatus.MISSING:
            return f"{day} is late: nothing of it has landed, or nothing since it ended"
        if any(stale_days(storage, connection, DAILY_TABLES, {day}).values()):
            return f"{day} is late: it is not computed from all that has landed"
    return None
