"""The files that people edit, as in `events`, and a tenant to erase; all tests share what they begin with."""

import pytest

from usage_pipeline.retention.erasure.erasing import Outcome
from usage_pipeline_tests.events.conftest import add_format, add_reference, settings
from usage_pipeline_tests.retention.erased import Before, erased, make_mixed, mixed
from usage_pipeline_tests.snapshot import Snapshot

__all__ = ["add_format", "add_reference", "erased", "make_mixed", "mixed", "settings"]


@pytest.fixture(scope="package")
def snapshots() -> dict[str, Snapshot]:
    """What `prepare` has prepared for tests of this room, by name."""
    return {}


@pytest.fixture(scope="package")
def befores() -> dict[str, Before]:
    """What there was before the erasure of a snapshot, by its name."""
    return {}


@pytest.fixture(scope="package")
def outcomes() -> dict[str, Outcome]:
    """What the erasure of a snapshot said, by its name."""
    return {}
