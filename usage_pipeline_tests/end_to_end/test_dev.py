"""The two commands of a newcomer: `demo`, then `dev`, on the embedded database."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from usage_pipeline.insights.kept.tables import INSIGHT_TABLES
from usage_pipeline.orchestration.reports import TENANT_REPORTS
from usage_pipeline.pipeline.tables import PARTITIONED_TABLES
from usage_pipeline.simulation.simulate import simulate
from usage_pipeline_tests.end_to_end.daemon import dev_command, free_port
from usage_pipeline_tests.end_to_end.support import PROJECT
from usage_pipeline_tests.simulation.support import small

DAYS = ["2025-03-11", "2025-03-12", "2025-03-13", "2025-03-14"]
START_SECONDS = 120
QUERY = """{
  assetNodes {
    assetKey { path }
    assetPartitionStatuses { ... on TimePartitionStatuses { ranges { status startKey endKey } } }
  }
}"""


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[int, str]]:
    """A data directory with small logs on which `run` was interrupted when Dagster ran, and how that ended."""
    folder = tmp_path_factory.mktemp("demo") / "data"
    simulate(small(days=4, tenants=3, events_per_day=100, last_day=date(2025, 3, 14)), folder)
    return folder, interrupted_when(folder / "lake" / "landed_events", folder)


@pytest.fixture(scope="module")
def data_dir(interrupted: tuple[Path, tuple[int, str]]) -> Path:
    """The same after the demo, which completes what was interrupted and compares it with the truth."""
    folder, _ = interrupted
    assert "Equal to truth.json" in run_command("demo", "--data-dir", str(folder))
    return folder


def run_command(*arguments: str) -> str:
    """Run a command to its end and return what it printed."""
    command = [sys.executable, "-m", "usage_pipeline.cli", *arguments]
    return subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, text=True).stdout


@dataclass(frozen=True)
class Ended:
    """What `dev` showed, and how it ended when Ctrl+C was pressed."""

    materialized: dict[str, list[tuple[str, str, str]]]
    days: list[str]
    exit_code: int
    lines: list[str]


@pytest.fixture(scope="module")
def ended(data_dir: Path) -> Ended:
    """`usage-pipeline dev` on a free port, looked at and interrupted as a terminal does: with all of its group."""
    port = free_port()
    command = [*dev_command(port), "--data-dir", str(data_dir)]
    log = data_dir / "dev.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            command, cwd=PROJECT, stdout=output, stderr=output, env=dict(os.environ), start_new_session=True
        )
        try:
            url = f"http://127.0.0.1:{port}/graphql"
            wait_until(lambda: bool(ask(url)["assetNodes"]), process, log)
            shown = materialized(url)
            wait_until(lambda: bool(read_days(log)), process, log)
            days = read_days(log)
        finally:
            os.killpg(process.pid, signal.SIGINT)
            process.wait(START_SECONDS)
    return Ended(shown, days, process.returncode, log.read_text().splitlines())


def wait_until(reached: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    """Ask until it is so."""
    for _ in range(START_SECONDS * 2):
        assert process.poll() is None, log.read_text()
        try:
            if reached():
                return
        except httpx.HTTPError:
            pass
        try:
            process.wait(0.5)
        except subprocess.TimeoutExpired:
            continue
    pytest.fail(log.read_text())


def read_days(log: Path) -> list[str]:
    """The days that the read API knows, asked at the address and with the key that `dev` has printed."""
    told = dict(re.findall(r"^(Dashboard and read API|Key for a day): (\S+)$", log.read_text(), re.MULTILINE))
    answer = httpx.get(
        f"{told['Dashboard and read API']}/v1/days",
        params={"from": DAYS[0], "to": "2025-03-16"},
        headers={"Authorization": f"Bearer {told['Key for a day']}"},
        timeout=30,
    )
    answer.raise_for_status()
    return [day["day"] for day in answer.json()["items"] if day["status"] == "final"]


def ask(url: str) -> dict[str, Any]:
    """The answer of GraphQL to the question which partitions are materialized."""
    answer = httpx.post(url, json={"query": QUERY}, timeout=30)
    answer.raise_for_status()
    return dict(answer.json()["data"])


def materialized(url: str) -> dict[str, list[tuple[str, str, str]]]:
    """The ranges of partitions that the UI shows, by asset that has partitions."""
    return {
        node["assetKey"]["path"][-1]: [
            (found["status"], found["startKey"], found["endKey"])
            for found in node["assetPartitionStatuses"]["ranges"]
        ]
        for node in ask(url)["assetNodes"]
        if node["assetPartitionStatuses"]
    }


def test_the_ui_shows_the_partitions_of_the_demo_as_materialized(ended: Ended) -> None:
    whole = [("MATERIALIZED", DAYS[0], DAYS[-1])]
    made_later = {TENANT_REPORTS, *(table.name for table in INSIGHT_TABLES)}
    by_day = {name: found for name, found in ended.materialized.items() if name not in made_later}
    assert by_day == dict.fromkeys((table.name for table in PARTITIONED_TABLES), whole)


def test_the_read_api_answers_at_the_address_and_with_the_key_that_are_printed(ended: Ended) -> None:
    assert ended.days == DAYS


def test_ctrl_c_stops_dev_quietly(ended: Ended) -> None:
    assert ended.exit_code == 0
    assert any(line.endswith("Dagster services shut down.") for line in ended.lines)  # a run may end after it


def test_after_an_interruption_and_the_demo_nothing_is_left_to_be_done(data_dir: Path) -> None:
    assert run_command("run", "--data-dir", str(data_dir)) == "All days are current.\n"


def test_two_first_runs_at_once_on_a_new_data_directory_both_succeed(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "usage_pipeline.cli", "run", "--data-dir", str(tmp_path / "data")]
    processes = [
        subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for _ in range(2)
    ]
    outputs = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs


def interrupted_when(exists: Path, data_dir: Path) -> tuple[int, str]:
    """Interrupt `run` as soon as this path exists; its exit code and last line."""
    command = [sys.executable, "-m", "usage_pipeline.cli", "run", "--data-dir", str(data_dir)]
    process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    while process.poll() is None and not exists.exists():
        try:
            process.wait(0.01)
        except subprocess.TimeoutExpired:
            continue
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate()
    return process.returncode, output.strip().splitlines()[-1]


INTERRUPTED = (130, "Error: Interrupted. What was committed stands; run again to go on.")


def test_a_first_run_that_is_interrupted_and_a_second_that_is_killed_leave_no_server_and_nothing_undone(
    tmp_path: Path,
) -> None:
    data_dir = tmp_path / "data"
    running, users = data_dir / "postgres" / "postmaster.pid", data_dir / "postgres" / ".handle_pids.json"
    assert interrupted_when(data_dir / "postgres" / "PG_VERSION", data_dir) == INTERRUPTED
    command = [sys.executable, "-m", "usage_pipeline.cli", "run", "--data-dir", str(data_dir)]
    process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and not (running.exists() and users.exists()):
        try:
            process.wait(0.01)
        except subprocess.TimeoutExpired:
            continue
    process.kill()
    process.wait()
    assert running.exists()
    assert run_command("run", "--data-dir", str(data_dir)) == "All days are current.\n"
    assert not running.exists()


def test_a_command_that_is_interrupted_while_dagster_runs_says_so(
    interrupted: tuple[Path, tuple[int, str]],
) -> None:
    _, ended = interrupted
    assert ended == INTERRUPTED
