"""Backfills launched as the UI does: they succeed, and a killed one is completed by the next."""

import random
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from usage_pipeline.pipeline.refresh import PlainRunner, find_stale, refresh
from usage_pipeline.pipeline.tables import PARTITIONED_TABLES
from usage_pipeline.storage.opened import open_storage
from usage_pipeline_tests.end_to_end.daemon import Service, service
from usage_pipeline_tests.end_to_end.support import Deployment
from usage_pipeline_tests.support import Landing, prompt

pytestmark = pytest.mark.acceptance

ASSETS = tuple(table.name for table in PARTITIONED_TABLES)
QUICK = {"USAGE_SENSOR_INTERVAL_SECONDS": "1", "USAGE_GAP_FILLER_INTERVAL_SECONDS": "10"}
FIRST_DAY = date(2025, 5, 1)
SECONDS = 1_800


def days(count: int) -> list[date]:
    return [FIRST_DAY + timedelta(days=number) for number in range(count)]


def place(deployment: Deployment, count: int) -> None:
    """Of each day two events, of which one lands five days late; conversations last for a few days."""
    landing = Landing(deployment.settings.landing)
    for number, day in enumerate(days(count)):
        late = max(FIRST_DAY, day - timedelta(days=5))
        lines = [
            prompt(f"on {day}", f"{day}T08:00:00Z", conversationId=f"c{number // 4}"),
            prompt(f"late on {day}", f"{late}T09:00:00Z", conversationId=f"c{number // 4}"),
        ]
        landing.write("persona", day.isoformat(), lines)


def undisturbed(deployment: Deployment, count: int) -> dict[tuple[str, object], str | None]:
    """The digests of a refresh that nothing disturbs, without Dagster."""
    place(deployment, count)
    with open_storage(deployment.settings) as storage:
        refresh(storage, PlainRunner(storage))
    return deployment.digests()


def current(deployment: Deployment) -> bool:
    """Whether every day is computed from all that has landed."""
    with open_storage(deployment.settings) as storage:
        return not find_stale(storage)


@pytest.fixture
def new_deployment(tmp_path: Path, new_databases: Callable[[], tuple[str, str]]) -> Callable[[], Deployment]:
    """Makes a deployment by the real clock, which is the one that Dagster goes by, with quick sensors."""
    return lambda: Deployment.create(tmp_path / uuid4().hex[:8], new_databases, QUICK)


def served(deployment: Deployment) -> AbstractContextManager[Service]:
    return service(deployment.environment, deployment.settings.data_dir)


def finish(running: Service, deployment: Deployment, backfill: str) -> None:
    """Wait until the backfill has succeeded and nothing is left to do."""
    running.wait_for(lambda: running.backfill_status(backfill) == "COMPLETED_SUCCESS", SECONDS)
    running.wait_for(lambda: running.is_at_rest() and current(deployment), SECONDS)


def test_a_backfill_of_90_days_launched_by_the_ui_succeeds_in_runs_of_30_days(
    new_deployment: Callable[[], Deployment],
) -> None:
    deployment = new_deployment()
    place(deployment, 90)
    with served(deployment) as running:
        backfill = running.launch_backfill(ASSETS, days(90))
        finish(running, deployment, backfill)
        runs = [run for run in running.runs() if run["tags"].get("dagster/backfill") == backfill]
        shown = running.materialized()
    assert sorted(run["tags"]["dagster/asset_partition_range_start"] for run in runs) == [
        "2025-05-01",
        "2025-05-31",
        "2025-06-30",
    ]
    whole = [("2025-05-01", "2025-07-29")]
    assert shown == dict.fromkeys(ASSETS, whole)
    assert deployment.digests() == undisturbed(new_deployment(), 90)


@pytest.mark.parametrize("seed", range(20))
def test_a_killed_backfill_that_is_launched_again_ends_where_an_undisturbed_one_does(
    seed: int, new_deployment: Callable[[], Deployment]
) -> None:
    count = 31
    deployment = new_deployment()
    place(deployment, count)
    point = random.Random(seed).randrange(1, count * len(ASSETS))  # noqa: S311 - any point will do
    with served(deployment) as running:
        running.launch_backfill(ASSETS, days(count))
        running.wait_for(lambda: deployment.partitions() >= point, SECONDS)
        running.kill()
    with served(deployment) as running:
        finish(running, deployment, running.launch_backfill(ASSETS, days(count)))
    assert deployment.digests() == undisturbed(new_deployment(), count)
