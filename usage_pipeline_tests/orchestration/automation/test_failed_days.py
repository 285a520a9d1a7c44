"""Days that the UI shows as failed are made again by the gap filler once the cause is gone."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import dagster as dg
import pytest

from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.orchestration.dagster_internals import failed_partitions
from usage_pipeline.orchestration.jobs import range_tags
from usage_pipeline.pipeline.refresh import find_stale
from usage_pipeline.pipeline.tables import PARTITIONED_TABLES
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.orchestration.automation.conftest import DAYS, Automation
from usage_pipeline_tests.support import Landing, write_counted

SOME = DAYS[:2]
KEYS = {str(day) for day in SOME}
EVENT_DAYS = dg.RunRequest(job_name="event_days", tags=range_tags(SOME))


@pytest.fixture
def made(automation: Automation, landing: Landing) -> Automation:
    """Two days that are landed and computed, as the UI shows too."""
    for day in SOME:
        write_counted(landing, day)
    land = dg.RunRequest(job_name="landing_days", tags=range_tags(SOME))
    assert all(automation.execute(request).success for request in (land, EVENT_DAYS))
    return automation


def failed(automation: Automation) -> dict[str, set[str]]:
    """By asset the days that the UI shows as failed."""
    graph = automation.definitions.resolve_asset_graph()
    keys = [dg.AssetKey(table.name) for table in PARTITIONED_TABLES]
    found = {}
    for key in keys:
        partitions = graph.get(key).partitions_def
        assert partitions is not None
        found[key.to_user_string()] = failed_partitions(automation.instance, key, partitions)
    return {name: days for name, days in found.items() if days}


@contextmanager
def without_landed_rows(storage: Storage, day: date) -> Iterator[None]:
    """Meanwhile the landed rows of the day are not in the lake."""
    folder = storage.lake.folder(LANDED_EVENTS, day)
    hidden = folder.rename(folder.with_name(f".{folder.name}"))
    try:
        yield
    finally:
        hidden.rename(folder)


def test_days_of_a_run_that_failed_are_made_again_also_those_that_are_current(made: Automation) -> None:
    with without_landed_rows(made.storage, SOME[1]):
        assert not made.execute(EVENT_DAYS).success
    shown = failed(made)
    assert shown["excluded_events"] == {str(SOME[1])}
    assert shown["token_series"] == KEYS
    assert find_stale(made.storage).keys() == {SOME[1]}
    while requested := made.tick("gap_filler"):
        assert all(made.execute(request).success for request in requested)
    assert failed(made) == {}
    assert made.skipped == "No gaps"
