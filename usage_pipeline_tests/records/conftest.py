"""A run that makes the tables of records and no others."""

from collections.abc import Callable

import pytest

from usage_pipeline.pipeline.refresh import RefreshSummary
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.support import land_and_compute


@pytest.fixture
def run(storage: Storage) -> Callable[[], RefreshSummary]:
    """Lands what is new, and computes the tables of records."""
    return lambda: land_and_compute(storage, "records")
