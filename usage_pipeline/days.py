"""Ranges of days."""

from collections.abc import Collection
from datetime import date, timedelta


def days_between(first: date, last: date) -> list[date]:
    """The days from first to last, both included; none if last is before first."""
    return [first + timedelta(days=offset) for offset in range((last - first).days + 1)]


def in_words(days: Collection[date]) -> str:
    """The days as messages name them: the one, or the first and the last."""
    first, last = min(days), max(days)
    return str(first) if first == last else f"{first} to {last}"
