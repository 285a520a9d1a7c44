"""What the UI shows of days that differ from the others: of today, empty, future, wiped, before all others."""

import json
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from usage_pipeline.pipeline.tables import PARTITIONED_TABLES
from usage_pipeline_tests.end_to_end.daemon import Service, details, dev_command, free_port, service
from usage_pipeline_tests.end_to_end.support import PROJECT, Deployment
from usage_pipeline_tests.support import Landing, prompt

QUICK = {"USAGE_SENSOR_INTERVAL_SECONDS": "2", "USAGE_GAP_FILLER_INTERVAL_SECONDS": "5"}
pytestmark = pytest.mark.acceptance  # minutes of waiting for sensors; each rule has tests of its own
ASSETS = tuple(table.name for table in PARTITIONED_TABLES)
SECONDS = 300
TODAY = datetime.now(UTC).date()
YESTERDAY, EMPTY, FIRST, BEFORE, TOMORROW = (TODAY + timedelta(days) for days in (-1, -2, -3, -40, 1))


def priced(name: str, day: date) -> dict[str, Any]:
    """A prompt of a model with a price, at the start of the day."""
    return prompt(name, f"{day}T00:00:00Z", modelName="gpt-4.1-mini")


@pytest.fixture(scope="module")
def deployment(
    tmp_path_factory: pytest.TempPathFactory, new_databases: Callable[[], tuple[str, str]]
) -> Deployment:
    return Deployment.create(tmp_path_factory.mktemp("days"), new_databases, QUICK)


@pytest.fixture(scope="module")
def landing(deployment: Deployment) -> Landing:
    """A good file of the first day, of yesterday and of today, and a partly good one of yesterday."""
    landing = Landing(deployment.settings.landing)
    for day in (FIRST, YESTERDAY, TODAY):
        landing.write("persona", f"{day}", [priced(f"on {day}", day)])
    lines = [*(json.dumps(priced(f"partly {number}", YESTERDAY)) for number in range(120)), *["no JSON"] * 30]
    landing.write("persona", f"{YESTERDAY}", lines, name="partly.jsonl")
    landing.write("persona", f"{TOMORROW}", [priced("too early", TOMORROW)])
    landing.write("unknown", f"{TODAY}", [priced("nobody's", TODAY)])
    return landing


@pytest.fixture(scope="module")
def running(deployment: Deployment, landing: Landing) -> Iterator[Service]:
    """The service after it has landed and computed what was there."""
    assert landing
    days = {str(day) for day in (FIRST, YESTERDAY, TODAY)}
    with service(deployment.environment, deployment.settings.data_dir) as started:
        started.wait_for(lambda: set(ASSETS) == started.assets_with(days) and started.is_at_rest(), SECONDS)
        yield started


def failing(running: Service) -> dict[tuple[str, str], set[str | None]]:
    """The checks that are not green, and the days on which they fail."""
    return {
        check: {each["partition"] for each in running.executions(*check) if each["status"] == "FAILED"}
        for check, found in running.checks().items()
        if found.get("status") == "FAILED"
    }


PARTLY = {
    ("landed_events", "files_are_usable"): {str(YESTERDAY)},
    ("landing_folder", "files_are_in_place"): {None},
}
"""What fails by the partly good file, and by the two misplaced entries."""


def launch(running: Service, **tags: str) -> str:
    """Run the event days of these tags to their end; the status of the run."""
    launched = running.launch_run("event_days", {f"dagster/{key}": value for key, value in tags.items()})
    assert launched["__typename"] == "LaunchRunSuccess", launched
    (run,) = [run for run in running.runs() if run["runId"] == launched["run"]["runId"]]
    running.wait_for(running.is_at_rest, SECONDS)
    (run,) = [run for run in running.runs() if run["runId"] == launched["run"]["runId"]]
    return str(run["status"])


def test_exactly_the_checks_that_name_a_fault_fail_and_only_on_its_day(running: Service) -> None:
    assert failing(running) == PARTLY


def test_priced_events_of_today_are_checked_without_a_fault(running: Service) -> None:
    passed = {
        check: {each["partition"] for each in running.executions("tenant_costs", check)}
        for check in ("costs_add_up", "tokens_are_priced")
    }
    days = {str(FIRST), str(YESTERDAY), str(TODAY)}
    assert passed == {"costs_add_up": days, "tokens_are_priced": days}


def test_a_partly_good_file_is_named_with_its_lines(running: Service) -> None:
    executions = running.executions("landed_events", "files_are_usable")
    found = next(each for each in executions if each["status"] == "FAILED")
    assert found["evaluation"]["description"] == (
        f"{YESTERDAY}: 1 of 2 files count nowhere, 0 reject over 1.0% of their lines, 0 entries are passed over"
    )
    assert [(row["file"], row["lines"]) for row in details(found)] == [
        (f"persona/{YESTERDAY}/partly.jsonl", 150),
        (f"persona/{YESTERDAY}/partly.jsonl", 30),
    ]


def test_misplaced_entries_are_named_by_a_check_and_by_the_sensor(running: Service) -> None:
    future = "the landing day is in the future; it will be landed when it has come"
    (found,) = running.executions("landing_folder", "files_are_in_place")
    named = [(row["entry"], row["problem"]) for row in details(found)]
    assert named[0] == (f"persona/{TOMORROW}", future)
    assert (named[1][0], named[1][1][:27]) == ("unknown", "no format has this name; kn")
    assert running.reason("arrivals").startswith(
        f"Nothing new. Passed over: persona/{TOMORROW}: {future}; unknown: no"
    )


def test_a_run_of_a_future_day_is_skipped(running: Service) -> None:
    assert launch(running, partition=str(TOMORROW)) == "SUCCESS"
    assert max(last for ranges in running.materialized().values() for _, last in ranges) == str(TODAY)


def test_a_run_of_a_day_before_the_calendar_is_refused(running: Service) -> None:
    assert launch(running, partition=str(BEFORE)) == "FAILURE"
    assert min(first for ranges in running.materialized().values() for first, _ in ranges) == str(FIRST)


def test_an_empty_day_stays_missing_and_turns_no_check_of_another_day_green(running: Service) -> None:
    assert launch(running, partition=str(EMPTY)) == "SUCCESS"
    assert running.assets_with({str(EMPTY)}) == set()
    assert failing(running) == PARTLY


def test_an_asset_that_was_wiped_is_made_again_and_its_numbers_stay(
    running: Service, deployment: Deployment
) -> None:
    before = deployment.digests()
    running.wipe("token_series")
    days = {str(day) for day in (FIRST, YESTERDAY, TODAY)}
    running.wait_for(lambda: "token_series" in running.assets_with(days) and running.is_at_rest(), SECONDS)
    assert deployment.digests() == before


def test_history_that_lands_later_moves_the_first_day_of_the_calendar(running: Service, landing: Landing) -> None:
    landing.write("persona", f"{BEFORE}", [priced("before", BEFORE)])
    running.wait_for(lambda: running.assets_with({str(BEFORE)}) == set(ASSETS) and running.is_at_rest(), SECONDS)


@pytest.mark.parametrize("port", ["same", "other"])
def test_a_second_dev_is_refused_with_the_address_of_the_first(
    running: Service, deployment: Deployment, port: str
) -> None:
    address = running.url.removesuffix("/graphql")
    number = address.rpartition(":")[2] if port == "same" else str(free_port())
    second = subprocess.run(
        dev_command(int(number)),
        cwd=PROJECT,
        env=deployment.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert second.returncode == 1
    assert second.stderr.startswith(
        f"Error: Port {number} on 127.0.0.1 cannot be used (Address already in use). "
        if port == "same"
        else f"Error: Dagster runs on this database already, at {address}. "
    )
