"""The present, and when a UTC day ends, is final and is due."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta


def end_of(day: date) -> datetime:
    """The midnight at the end of a day, UTC."""
    return datetime.combine(day + timedelta(days=1), time(), UTC)


@dataclass(frozen=True)
class Clock:
    """The present, and how long late data is waited for."""

    now: datetime
    """In UTC."""
    lateness: timedelta
    """Time after the end of a day at which it is final."""
    due_after: timedelta
    """Time after the end of a day at which it should be landed and current."""

    @property
    def today(self) -> date:
        """The present day."""
        return self.now.date()

    def final_at(self, day: date) -> datetime:
        """When the day becomes final."""
        return end_of(day) + self.lateness

    @property
    def last_final_day(self) -> date:
        """The newest day that is final."""
        return (self.now - self.lateness).date() - timedelta(days=1)

    @property
    def last_due_day(self) -> date:
        """The newest day that should be landed and current."""
        return (self.now - self.due_after).date() - timedelta(days=1)
