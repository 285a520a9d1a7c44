"""The demo as a newcomer runs it: at full size, on the embedded database."""

import json
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path

import pytest

from usage_pipeline_tests.end_to_end.support import PROJECT

pytestmark = pytest.mark.acceptance

MOST_SECONDS = 120


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "data"


@pytest.fixture(scope="module")
def demo(data_dir: Path) -> tuple[str, float]:
    """What the demo prints, and how many seconds it takes."""
    begun = time.perf_counter()
    return command("demo", data_dir), time.perf_counter() - begun


def command(name: str, data_dir: Path, *more: str, exit_code: int = 0) -> str:
    """Run a command to its end, and return what it printed."""
    words = [sys.executable, "-m", "usage_pipeline.cli", name, "--data-dir", str(data_dir), *more]
    found = subprocess.run(words, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert found.returncode == exit_code, found.stdout + found.stderr
    return found.stdout


def test_the_whole_demo_equals_its_truth_in_under_two_minutes_and_fits_a_terminal(demo: tuple[str, float]) -> None:
    printed, seconds = demo
    assert "Equal to truth.json" in printed
    assert max(len(line.rstrip()) for line in printed.split("Where the data is")[0].splitlines()) <= 80
    assert seconds < MOST_SECONDS


@pytest.mark.usefixtures("demo")
def test_after_the_demo_and_one_bad_file_exactly_the_check_that_names_it_fails_and_goes_on_failing(
    data_dir: Path,
) -> None:
    *_, sound, latest = sorted((data_dir / "landing" / "persona").glob("*/*.jsonl"))
    folder, other = sound.parent, latest.parent
    with sound.open() as good:
        lines = [*islice(good, 100), *['{"id": "broken\n'] * 30]
    (folder / "bad_upload.jsonl").write_text("".join(lines))
    command("run", data_dir, exit_code=3)
    failing = [{"day": folder.name, "table_name": "landed_events", "check_name": "files_are_usable"}]
    assert failed_checks(data_dir) == failing
    for name in ("land", "recompute"):
        command(name, data_dir, "--from", other.name, "--to", other.name)
    assert failed_checks(data_dir) == failing


def failed_checks(data_dir: Path) -> list[dict[str, str]]:
    """The day, table and check of each that failed."""
    found = json.loads(command("checks", data_dir, "--format", "json"))
    return [{name: row[name] for name in ("day", "table_name", "check_name")} for row in found]
