"""Short ways to write daily series."""

from collections.abc import Sequence
from datetime import date

from usage_pipeline.insights.measures import MEASURES
from usage_pipeline.insights.series import DailySeries, Number

FIRST = date(2026, 1, 5)
"""A Monday."""
WEEK = (100, 120, 120, 110, 100, 40, 30)


def series(values: Sequence[Number | None], measure: str = "requests", first: date = FIRST) -> DailySeries:
    """A series of acme that begins on a Monday."""
    return DailySeries(MEASURES[measure], "acme", first, tuple(values))


def weeks(number: int) -> list[int]:
    """So many weeks that are all the same."""
    return list(WEEK) * number
