"""The Dagster day with the real daemon and web server: files are dropped, and what they concern refreshes."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest

from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.pipeline.refresh import find_stale
from usage_pipeline.pipeline.tables import DAILY_TABLES
from usage_pipeline.records.queries import LandingRange, read_faults
from usage_pipeline.series.queries import read_series
from usage_pipeline.storage.opened import open_storage
from usage_pipeline_tests.end_to_end.daemon import Service, service
from usage_pipeline_tests.end_to_end.support import Deployment
from usage_pipeline_tests.support import Landing, files, prompt

ASSETS = (LANDED_EVENTS.name, *(table.name for table in DAILY_TABLES))
QUICK = {"USAGE_SENSOR_INTERVAL_SECONDS": "1", "USAGE_GAP_FILLER_INTERVAL_SECONDS": "10"}
SECONDS = 300
CHECKS = 35
FIRST = date(2025, 5, 1)


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory, new_database: Callable[[], str]) -> Deployment:
    return Deployment.create(tmp_path_factory.mktemp("automation"), new_database, QUICK)


@pytest.fixture(scope="module")
def running(deployment: Deployment) -> Iterator[Service]:
    with service(deployment.environment, deployment.settings.data_dir) as started:
        yield started


@pytest.fixture(scope="module")
def landing(deployment: Deployment) -> Landing:
    return Landing(deployment.settings.landing)


@pytest.fixture(scope="module")
def two_days(running: Service, landing: Landing) -> list[tuple[str, str]]:
    """Two days that were dropped; what the UI shows of each asset when they are computed."""
    for day in ("2025-05-01", "2025-05-02"):
        landing.write("persona", day, [prompt(f"on {day}", f"{day}T08:00:00Z")])
    expected = [("2025-05-01", "2025-05-02")]
    running.wait_for(lambda: running.materialized() == dict.fromkeys(ASSETS, expected), SECONDS)
    running.wait_for(running.is_at_rest, SECONDS)
    return expected


def new_runs(running: Service, known: set[str]) -> list[tuple[str, str, str]]:
    """Job, status and day of the runs that are not known, oldest first."""
    return [
        (run["jobName"], run["status"], run["tags"]["dagster/partition"])
        for run in reversed(running.runs())
        if run["runId"] not in known
    ]


def table(found: dict[str, Any]) -> str:
    """The table of days that an evaluation shows."""
    return next(entry["mdStr"] for entry in found["evaluation"]["metadataEntries"] if entry["label"] == "days")


@pytest.mark.usefixtures("two_days")
def test_dropped_files_are_landed_and_their_days_computed_once(running: Service) -> None:
    done = [(run["jobName"], run["status"], run["tags"]["usage_pipeline/requested_by"]) for run in running.runs()]
    assert {status for _, status, _ in done} == {"SUCCESS"}
    assert {job for job, _, _ in done} == {"landing_days", "event_days"}


@pytest.mark.usefixtures("two_days")
def test_every_check_of_what_was_dropped_has_passed(running: Service) -> None:
    outcomes = {check: found.get("status") for check, found in running.checks().items()}
    assert len(outcomes) == CHECKS
    assert {check: status for check, status in outcomes.items() if status != "SUCCEEDED"} == {}


@pytest.mark.usefixtures("two_days")
def test_a_late_file_recomputes_exactly_the_day_that_it_affects(running: Service, landing: Landing) -> None:
    known = {run["runId"] for run in running.runs()}
    landing.write("persona", "2025-05-02", [prompt("late", "2025-05-01T09:00:00Z")], name="late.jsonl")
    running.wait_for(lambda: len(new_runs(running, known)) == 2 and running.is_at_rest(), SECONDS)
    assert new_runs(running, known) == [
        ("landing_days", "SUCCESS", "2025-05-02"),
        ("event_days", "SUCCESS", "2025-05-01"),
    ]


@pytest.mark.usefixtures("two_days")
def test_a_bad_file_is_named_and_the_good_ones_of_its_day_count(
    running: Service, landing: Landing, deployment: Deployment
) -> None:
    day = FIRST.isoformat()
    landing.write("persona", day, [prompt("good", f"{day}T10:00:00Z"), "no JSON"], name="one_bad_line.jsonl")
    landing.write("persona", day, ["no JSON"] * 100, name="bad_lines.jsonl")
    landing.write("persona", day, [], name="no_archive.jsonl.gz").write_bytes(b"no gzip")
    with open_storage(deployment.settings) as storage:
        running.wait_for(lambda: "no_archive.jsonl.gz" in files(storage), SECONDS)
        running.wait_for(lambda: running.is_at_rest() and not find_stale(storage), SECONDS)
        states = {name: (file.state.value, file.error) for name, file in files(storage).items()}
        rejected = read_faults(storage, LandingRange(FIRST, FIRST, f"persona/{FIRST}/one_bad_line.jsonl"), 10)
        (point,) = read_series(storage, "acme", FIRST, FIRST)
    assert states["one_bad_line.jsonl"] == ("landed", None)
    assert states["bad_lines.jsonl"][0] == "quarantined"
    assert states["no_archive.jsonl.gz"][0] == "failed"
    assert [(line["landing_line"], line["reason"]) for line in rejected] == [(2, "malformed_json")]
    assert point.tokens == 3 * 120
    failed = {check: table(found) for check, found in running.checks().items() if found.get("status") == "FAILED"}
    assert failed.keys() == {("landed_events", "files_are_usable"), ("landed_events", "few_lines_are_rejected")}
    named = failed["landed_events", "files_are_usable"]
    assert f"persona/{day}/one_bad_line.jsonl" in named
    assert "line 2" in named
    assert "malformed_json" in named
    assert f"persona/{day}/bad_lines.jsonl is quarantined" in named
    assert f"persona/{day}/no_archive.jsonl.gz is failed" in named


@pytest.mark.acceptance
def test_after_everything_was_killed_in_the_middle_of_a_run_nothing_is_lost(
    tmp_path_factory: pytest.TempPathFactory, new_database: Callable[[], str]
) -> None:
    deployment = Deployment.create(tmp_path_factory.mktemp("killed"), new_database, QUICK)
    landing = Landing(deployment.settings.landing)
    for number in range(1, 10):
        landing.write("persona", f"2025-05-0{number}", [prompt(f"e{number}", f"2025-05-0{number}T08:00:00Z")])
    with service(deployment.environment, deployment.settings.data_dir) as running:
        running.wait_for(lambda: deployment.partitions() >= 20, SECONDS)
        running.kill()
    with service(deployment.environment, deployment.settings.data_dir) as running:
        whole = [("2025-05-01", "2025-05-09")]
        running.wait_for(lambda: running.materialized() == dict.fromkeys(ASSETS, whole), SECONDS)
        running.wait_for(running.is_at_rest, SECONDS)
    with open_storage(deployment.settings) as storage:
        assert find_stale(storage) == {}
