"""The storage of these tests also knows the source `generic`."""

from collections.abc import Callable
from pathlib import Path

import pytest

from usage_pipeline.settings import Settings
from usage_pipeline_tests.series.generic import write_mapping


@pytest.fixture
def settings(new_settings: Callable[..., Settings], tmp_path: Path) -> Settings:
    return new_settings(mappings_dir=write_mapping(tmp_path / "mappings"))
