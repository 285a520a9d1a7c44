"""The Dagster day with the real daemon and web server: files are dropped, and what they concern refreshes."""

from collections.abc import Callable, Iterator

import pytest

from usage_pipeline.pipeline.tables import DAILY_TABLES
from usage_pipeline_tests.end_to_end.daemon import Service, service
from usage_pipeline_tests.end_to_end.support import Deployment
from usage_pipeline_tests.support import Landing, prompt

QUICK = {"USAGE_SENSOR_INTERVAL_SECONDS": "1", "USAGE_GAP_FILLER_INTERVAL_SECONDS": "10"}
EVENT_ASSETS = {table.name for table in DAILY_TABLES}
SECONDS = 180


@pytest.fixture
def deployment(new_deployment: Callable[[], Deployment]) -> Deployment:
    deployment = new_deployment()
    return Deployment(deployment.settings, {**deployment.environment, **QUICK})


@pytest.fixture
def running(deployment: Deployment) -> Iterator[Service]:
    with service(deployment.environment, deployment.settings.data_dir) as started:
        yield started


def test_dropped_files_refresh_exactly_the_partitions_that_they_concern(
    deployment: Deployment, running: Service
) -> None:
    landing = Landing(deployment.settings.landing)
    for day in ("2026-05-01", "2026-05-02"):
        landing.write("persona", day, [prompt(f"on {day}", f"{day}T08:00:00Z")])
    two_days = [("2026-05-01", "2026-05-02")]
    running.wait_for(lambda: running.materialized() == all_on(two_days) and running.is_at_rest(), SECONDS)

    known = {run["runId"] for run in running.runs()}
    landing.write("persona", "2026-05-02", [prompt("late", "2026-05-01T09:00:00Z")], name="late.jsonl")
    running.wait_for(lambda: len(running.runs()) == len(known) + 2 and running.is_at_rest(), SECONDS)
    late = [run for run in running.runs() if run["runId"] not in known]
    assert [(run["jobName"], run["status"], run["tags"]["dagster/partition"]) for run in late] == [
        ("event_days", "SUCCESS", "2026-05-01"),
        ("landing_days", "SUCCESS", "2026-05-02"),
    ]


def all_on(days: list[tuple[str, str]]) -> dict[str, list[tuple[str, str]]]:
    """Every asset on these ranges of days."""
    return {asset: list(days) for asset in ("landed_events", *EVENT_ASSETS)}
