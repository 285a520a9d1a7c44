"""Small logs that the demo takes over, as if an earlier one had left them."""

from pathlib import Path

import pytest

from usage_pipeline.settings import Settings
from usage_pipeline.simulation.simulate import simulate
from usage_pipeline_tests.simulation.support import small


@pytest.fixture
def earlier(settings: Settings) -> Path:
    """A data directory with the logs of 3 days of 7 tenants, which nothing has landed yet."""
    simulate(small(days=3, tenants=7, events_per_day=150), settings.data_dir)
    return settings.data_dir
