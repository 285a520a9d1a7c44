"""`doctor --heartbeat`, for a monitor: one line, and exit code 1 when somebody has to look."""

import time
from collections.abc import Callable

import pytest
from dagster._daemon.types import DaemonHeartbeat

from usage_pipeline.orchestration.instance import open_instance
from usage_pipeline.settings import Settings
from usage_pipeline_tests.support import Landing, prompt

DEAD = (
    "The Dagster daemon is dead: no heartbeat for 300 s from asset, backfill, event_log_consumer, "
    "freshness_daemon, monitoring, queued_run_coordinator, scheduler, sensor. "
    "Start it again, for example with `usage-pipeline dev`"
)
OVERDUE = "2026-05-30 is overdue: nothing of it has landed, or nothing since it ended"


@pytest.fixture
def dagster_url(new_dagster_database: Callable[[], str]) -> str:
    """A database for each test, because a heartbeat stays in it."""
    return new_dagster_database()


@pytest.fixture(autouse=True)
def data_dir(settings: Settings) -> None:
    """The data directory is there, as a deployment has it."""
    settings.data_dir.mkdir()


def beat(age_seconds: float) -> None:
    """A heartbeat of every part of the daemon."""
    with open_instance() as instance:
        for part in instance.get_required_daemon_types():
            instance.add_daemon_heartbeat(DaemonHeartbeat(time.time() - age_seconds, part, None, []))


def test_without_a_daemon_it_fails_and_names_the_silent_parts(call: Callable[..., str]) -> None:
    assert call("doctor", "--heartbeat", exit_code=1) == f"{DEAD}\n"


def test_a_daemon_that_has_been_silent_for_long_is_dead(call: Callable[..., str]) -> None:
    beat(age_seconds=400)
    assert call("doctor", "--heartbeat", exit_code=1) == f"{DEAD}\n"


def test_a_daemon_that_lives_and_nothing_that_is_late_pass(call: Callable[..., str]) -> None:
    beat(age_seconds=10)
    assert call("doctor", "--heartbeat") == "The daemon lives, and no day up to 2026-05-30 is overdue\n"


def test_the_newest_day_is_late_when_nothing_of_it_has_landed(
    call: Callable[..., str], landing: Landing, run: Callable[[], object]
) -> None:
    landing.write("persona", "2026-05-01", [prompt("e1", "2026-05-01T08:00:00Z")])
    run()
    beat(age_seconds=10)
    assert call("doctor", "--heartbeat", exit_code=1) == f"{OVERDUE}\n"
