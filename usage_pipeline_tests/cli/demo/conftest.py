"""Small logs that the demo takes over, as if an earlier one had left them."""

import shutil
from pathlib import Path

import pytest

from usage_pipeline.settings import Settings
from usage_pipeline.simulation.simulate import simulate
from usage_pipeline_tests.simulation.support import small


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with the logs of 3 days of 7 tenants, to be copied."""
    folder = tmp_path_factory.mktemp("simulated")
    simulate(small(days=3, tenants=7, events_per_day=150), folder)
    return folder


@pytest.fixture
def earlier(settings: Settings, simulated: Path) -> Path:
    """A data directory of the test's own with those logs, which nothing has landed yet."""
    shutil.copytree(simulated, settings.data_dir, dirs_exist_ok=True)
    return settings.data_dir
