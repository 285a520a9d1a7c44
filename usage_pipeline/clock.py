"""UTC days: ranges, the present, and the times at which a day ends, is due and is final."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
"""Their names, in the order of `date.weekday`."""


def days_between(first: date, last: date) -> list[date]:
    """Return the days from first to last, both included; none if last is before first."""
    return [first + timedelta(days=offset) for offset in range((last - first).days + 1)]


def in_words(days: Collection[date]) -> str:
    """Name the days in a message: the only day, or the first and the last."""
    first, last = min(days), max(days)
    return str(first) if first == last else f"{first} to {last}"


def is_day(text: str) -> bool:
    """Return True if a text is a day as YYYY-MM-DD."""
    try:
        return str(date.fromisoformat(text)) == text
    except ValueError:
        return False


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

    @property
    def yesterday(self) -> date:
        """The last UTC day that has ended."""
        return self.today - timedelta(days=1)

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
