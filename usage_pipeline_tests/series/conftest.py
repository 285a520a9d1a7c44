"""The storage of these tests also knows the source `generic`."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from usage_pipeline.pipeline.refresh import RefreshSummary
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.series.generic import write_format
from usage_pipeline_tests.support import Landing, land_and_compute


@pytest.fixture
def settings(new_settings: Callable[..., Settings], tmp_path: Path) -> Settings:
    return new_settings(formats_dir=write_format(tmp_path / "formats"))


GROUPS = ("records", "rollups", "series", "breakdowns")


@pytest.fixture
def run(storage: Storage) -> Callable[[], RefreshSummary]:
    """Lands what is new, and computes records, rollups and series: what most questions are answered from."""
    return lambda: land_and_compute(storage, "records", "rollups", "series")


@pytest.fixture
def run_to_breakdowns(storage: Storage) -> Callable[[], RefreshSummary]:
    """Lands what is new, and computes all tables but those of costs."""
    return lambda: land_and_compute(storage, *GROUPS)


@pytest.fixture(scope="module")
def computed(
    open_shared: Callable[..., Storage], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Storage]:
    """Makes a storage in which these logs are landed and computed: by source and landing day, the lines.

    More groups of tables may be named. For tests that only read it: those that change what they are given
    take `storage`.
    """

    def compute(logs: Mapping[tuple[str, str], Sequence[Mapping[str, Any]]], *more: str) -> Storage:
        storage = open_shared(formats_dir=write_format(tmp_path_factory.mktemp("reading") / "formats"))
        for (source, day), lines in logs.items():
            Landing(storage.settings.landing).write(source, day, lines)
        land_and_compute(storage, *GROUPS, *more)
        return storage

    return compute
