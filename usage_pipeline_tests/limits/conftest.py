"""Four days of two tenants, landed and computed, which the tests of a module only read."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.limits.reading import write_usage
from usage_pipeline_tests.support import Landing, at, land_and_compute

NOW = datetime(2026, 5, 21, 12, tzinfo=UTC)


def write_and_compute(storage: Storage) -> None:
    """Land and compute the usage that `write_usage` writes, at noon of its last day."""
    write_usage(storage.settings.reference, Landing(storage.settings.landing))
    land_and_compute(at(storage, NOW), "records", "rollups", "series", "costs", "credits")


@pytest.fixture(scope="module")
def used(open_filled: Callable[..., Storage]) -> Storage:
    """That usage; the present is the noon of its last day, a Thursday."""
    return open_filled(write_and_compute, now=NOW)
