"""The present, and the times at which a UTC day ends, is due and is final."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta


def end_of(day: date) -> datetime:
    """Return the midnight at the end of a day, UTC."""
    return datetime.combine(day + timedelta(days=1), time(), UTC)


@dataclass(frozen=True)
class Clock:
    """The present, and the waiting times for late data."""

    now: datetime
    """In UTC."""
    lateness: timedelta
    """Time after the end of a day at which it is final."""
    due_after: timedelta
    """Time after the end of a day at which it should be landed and current."""

    @property
    def today(self) -> date:
        """The present UTC day."""
        return self.now.date()

    def final_at(self, day: date) -> datetime:
        """Return the time at which a day becomes final."""
        return end_of(day) + self.lateness

    @property
    def last_final_day(self) -> date:
        """The newest day that is final."""
        return (self.now - self.lateness).date() - timedelta(days=1)

    @property
    def last_due_day(self) -> date:
        """The newest day that should be landed and current."""
        return (self.now - self.due_after).date() - timedelta(days=1)
