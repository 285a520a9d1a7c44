"""The first commands of a newcomer, on the embedded database; what `dev` shows is in `test_automation.py`."""

import signal
import subprocess
import sys
from datetime import date
from pathlib import Path

import dagster as dg
import pytest

from usage_pipeline.orchestration.instance import open_instance
from usage_pipeline.pipeline.tables import PARTITIONED_TABLES
from usage_pipeline.simulation.simulate import simulate
from usage_pipeline_tests.end_to_end.support import PROJECT
from usage_pipeline_tests.simulation.support import small

DAYS = ["2025-03-11", "2025-03-12", "2025-03-13", "2025-03-14"]


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


def test_dagster_has_materialized_the_partitions_of_the_demo(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("USAGE_DATA_DIR", str(data_dir))
    with open_instance() as instance:
        found = {
            table.name: instance.get_materialized_partitions(dg.AssetKey(table.name))
            for table in PARTITIONED_TABLES
        }
    assert found == {table.name: set(DAYS) for table in PARTITIONED_TABLES}


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
