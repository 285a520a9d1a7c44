"""Storages in which the log of `lists.py` has landed."""

from collections.abc import Callable

import pytest

from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.conftest import Prepare
from usage_pipeline_tests.listing.lists import land


@pytest.fixture(scope="module")
def landed(open_shared: Callable[..., Storage]) -> Storage:
    """One that tests of a module share, which only read."""
    return land(open_shared())


@pytest.fixture
def own(storage: Storage, prepare: Prepare) -> Storage:
    """One that a test may change."""

    def fill() -> None:
        land(storage)

    prepare("landed", fill)
    return storage
