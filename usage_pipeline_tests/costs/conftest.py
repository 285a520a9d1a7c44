"""A deployment whose models and prices the test writes down."""

from collections.abc import Callable
from pathlib import Path

import pytest

from usage_pipeline.settings import Settings
from usage_pipeline_tests.costs.generic import write_format, write_prices


@pytest.fixture
def prices(settings: Settings) -> Callable[[str], Path]:
    """Writes `prices.yaml` of the test's deployment."""
    return lambda text: write_prices(settings.reference, text)


@pytest.fixture
def settings(new_settings: Callable[..., Settings], tmp_path: Path) -> Settings:
    """Settings with the format `calls` and a reference directory of the test's own."""
    reference = tmp_path / "reference"
    reference.mkdir()
    return new_settings(formats_dir=write_format(tmp_path / "formats"), reference_dir=reference)
