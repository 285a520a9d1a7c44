"""The Dagster day with the real daemon and web server: files are dropped, and what they concern refreshes."""

import gzip
import json
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
import zstandard

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
CHECKS = 33
FIRST = date(2025, 5, 1)


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory, new_database: Callable[[], str]) -> Deployment:
    return Deployment.create(tmp_path_factory.mktemp("automation"), new_database, QUICK).with_plans()


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
        landing.write("persona", day, [prompt(f"on {day}", f"{day}T08:00:00Z", modelName="gpt-4.1-mini")])
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


def line(**fields: Any) -> bytes:
    """A line that is good but for these fields."""
    return json.dumps(prompt("faulty", f"{FIRST}T10:00:00Z") | fields).encode() + b"\n"


FAULTY_LINES = {
    "malformed_json": b'{"id": "cut"\n',
    "not_an_object": b"[1]\n",
    "not_utf8": b'{"id": "\xff"}\n',
    "line_too_long": line(id="x" * (1 << 24)),
    "missing_record_id": line(id=None),
    "missing_tenant_id": line(tenantId=None),
    "invalid_tenant_id": line(tenantId=" acme"),
    "missing_occurred_at": line(timestamp=""),
    "invalid_occurred_at": line(timestamp="yesterday"),
    "invalid_tokens_in": line(tokensIn="12.7"),
    "unknown_type": line(event="persona_clone"),
    "token_invariant": line(cachedTokensIn=101),
    "timestamp_in_future": line(timestamp="2025-05-03T10:00:00Z"),
    "past_retention": line(timestamp="2023-05-01T10:00:00Z"),
    "before_calendar": line(timestamp="2022-12-31T10:00:00Z", tenantId="aider"),
}
"""For each reason a line that is rejected for it; it is the second line of its file, behind a good one."""
WHOLE = line(id="whole")
FAULTY_FILES = {
    "cut.jsonl.gz": (gzip.compress(WHOLE)[:-9], "the gzip data is truncated"),
    "damaged.jsonl.gz": (gzip.compress(WHOLE)[:-8] + bytes(8), "the gzip data is corrupt"),
    "plain.jsonl.gz": (WHOLE, "the gzip data is corrupt"),
    "cut.jsonl.zst": (zstandard.compress(WHOLE)[:-3], "the zstd data is truncated"),
    "plain.jsonl.zst": (WHOLE, "the zstd data is corrupt"),
    "empty.jsonl.gz": (b"", "the gzip data is truncated"),
    "utf_16.jsonl": (WHOLE.decode().encode("utf-16"), "it is UTF-16, not UTF-8"),
    "bad_lines.jsonl": (b"no JSON\n" * 100, "100.0% of its lines were rejected"),
}
"""Files that cannot be used, and what is said of each."""


@pytest.mark.usefixtures("two_days")
def test_every_fault_is_named_with_file_line_and_reason_and_the_good_lines_of_the_day_count(
    running: Service, landing: Landing, deployment: Deployment
) -> None:
    with open_storage(deployment.settings) as storage:
        (before,) = read_series(storage, "acme", FIRST, FIRST)
    assert before.tokens is not None
    for reason, faulty in FAULTY_LINES.items():
        good = line(id=f"good {reason}")
        landing.write_bytes("persona", f"{FIRST}", good + faulty, name=f"{reason}.jsonl")
    for name, (content, _) in FAULTY_FILES.items():
        (landing.root / "persona" / f"{FIRST}" / name).write_bytes(content)
    with open_storage(deployment.settings) as storage:
        dropped = {*FAULTY_FILES, *(f"{reason}.jsonl" for reason in FAULTY_LINES)}
        running.wait_for(lambda: dropped <= files(storage).keys(), SECONDS)
        running.wait_for(lambda: running.is_at_rest() and not find_stale(storage), SECONDS)
        found = files(storage)
        rejected = read_faults(storage, LandingRange(FIRST, FIRST), 1000)
        (point,) = read_series(storage, "acme", FIRST, FIRST)
    named = table(running.checks()["landed_events", "files_are_usable"])
    assert {
        name: found[name].error for name in FAULTY_FILES if problem_of(name) not in str(found[name].error)
    } == {}
    assert {reason for reason in FAULTY_LINES if f"{reason}.jsonl line 2 is {reason}" not in named} == set()
    assert {name for name in FAULTY_FILES if f"{name} is " not in named} == set()
    assert {row["reason"] for row in rejected if row["landing_line"] == 2} >= FAULTY_LINES.keys()
    assert point.tokens == before.tokens + 120 * len(FAULTY_LINES)


def problem_of(name: str) -> str:
    """What is said of the file."""
    return FAULTY_FILES[name][1]


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
