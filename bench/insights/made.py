"""Days of made tenants: weekdays and growth as simulated logs have them, and noise."""

from datetime import date

import numpy as np

from usage_pipeline.insights.matrix import Floats
from usage_pipeline.insights.measures import MEASURES
from usage_pipeline.insights.series import DailySeries
from usage_pipeline.simulation.plan import MONTHLY_GROWTH, TENANT_SIGMA, WEEKDAYS

FIRST = date(2026, 1, 5)
"""A Monday."""
NOISE = 0.2
_REQUESTS = 5_000
_FEWEST = 200
_DAYS_OF_MONTH = 30


def made_days(seed: int, days: int, noise: float = NOISE) -> Floats:
    """Return the requests of a tenant by day; of most tenants few, of some very many."""
    generator = np.random.default_rng(seed)
    level = max(_FEWEST, _REQUESTS * generator.lognormal(0, TENANT_SIGMA))
    number = np.arange(days)
    usual = level * np.array(WEEKDAYS)[number % len(WEEKDAYS)] * MONTHLY_GROWTH ** (number / _DAYS_OF_MONTH)
    return np.asarray(np.rint(usual * generator.lognormal(-noise * noise / 2, noise, days)))


def series_of(days: Floats, tenant_id: str = "made", measure: str = "requests") -> DailySeries:
    """Return these days as a series."""
    return DailySeries(MEASURES[measure], tenant_id, FIRST, tuple(int(value) for value in days))
