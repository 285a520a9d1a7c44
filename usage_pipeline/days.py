"""Ranges of days."""

from datetime import date, timedelta


def days_between(first: date, last: date) -> list[date]:
    """The days from first to last, both included; none if last is before first."""
    return [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
