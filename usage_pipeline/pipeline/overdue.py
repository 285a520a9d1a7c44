"""Whether the newest day that is due is landed and current, for an external monitor."""

from usage_pipeline.pipeline.tables import DAILY_TABLES
from usage_pipeline.series.status import DayReader, DayStatus
from usage_pipeline.storage.compute import stale_days
from usage_pipeline.storage.opened import Storage


def why_overdue(storage: Storage) -> str | None:
    """What is wrong with the newest due day; None if it is landed and current, or nothing is expected yet."""
    day = storage.settings.clock.last_due_day
    with storage.warehouse.connect() as connection:
        reader = DayReader(storage, connection)
        known = reader.known_days()
        if known is None or day < known[0]:
            return None
        if reader.read(day, day)[0].status is DayStatus.MISSING:
            return f"{day} is overdue: nothing of it has landed, or nothing since it ended"
        if any(stale_days(storage, connection, DAILY_TABLES, {day}).values()):
            return f"{day} is overdue: it is not computed from all that has landed"
    return None
