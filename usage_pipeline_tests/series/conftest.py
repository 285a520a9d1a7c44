"""The storage of these tests also knows the source `generic`."""

from collections.abc import Callable
from pathlib import Path

import pytest

from usage_pipeline.pipeline.refresh import RefreshSummary
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.series.generic import write_mapping
from usage_pipeline_tests.support import land_and_compute


@pytest.fixture
def settings(new_settings: Callable[..., Settings], tmp_path: Path) -> Settings:
    return new_settings(mappings_dir=write_mapping(tmp_path / "mappings"))


@pytest.fixture
def run(storage: Storage) -> Callable[[], RefreshSummary]:
    """Lands what is new, and computes all tables but those of costs."""
    return lambda: land_and_compute(storage, "records", "rollups", "series", "breakdowns")
