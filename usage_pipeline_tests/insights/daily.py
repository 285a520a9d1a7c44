"""Short ways to write daily series."""

from collections.abc import Sequence
from datetime import date

import numpy as np

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


def noisy(seed: int, days: int = 120, noise: float = 0.1) -> list[int]:
    """So many days of about a hundred times these weeks."""
    parts = np.random.default_rng(seed).lognormal(0, noise, days)
    return [round(WEEK[day % 7] * 100 * part) for day, part in enumerate(parts)]
