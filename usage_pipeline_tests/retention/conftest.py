"""The files that people edit, as in `events`, and a tenant to erase; all tests share what they begin with."""

import pytest

from usage_pipeline_tests.events.conftest import add_format, add_reference, settings
from usage_pipeline_tests.retention.erased import erased, make_mixed, mixed

__all__ = ["add_format", "add_reference", "erased", "make_mixed", "mixed", "settings"]


@pytest.fixture(scope="package")
def room() -> str:
    """All tests of this room share what `prepare` prepares."""
    return "retention"
