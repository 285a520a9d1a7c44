"""Four days of two tenants, landed and computed, which the tests of a module only read."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.limits.reading import write_usage
from usage_pipeline_tests.support import Landing, land_and_compute

NOW = datetime(2026, 5, 21, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def used(open_shared: Callable[..., Storage]) -> Storage:
    """The usage that `write_usage` writes; the present is the noon of its last day, a Thursday."""
    storage = open_shared(now=NOW)
    write_usage(storage.settings.reference, Landing(storage.settings.landing))
    land_and_compute(storage, "records", "rollups", "series", "costs", "credits")
    return storage
