"""The demo as a newcomer runs it: at full size, on the embedded database."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from usage_pipeline_tests.end_to_end.support import PROJECT

pytestmark = pytest.mark.acceptance

MOST_SECONDS = 120


def test_the_whole_demo_equals_its_truth_in_under_two_minutes_and_fits_a_terminal(tmp_path: Path) -> None:
    begun = time.perf_counter()
    command = [sys.executable, "-m", "usage_pipeline.cli", "demo", "--data-dir", str(tmp_path / "data")]
    found = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - begun
    assert found.returncode == 0, found.stdout + found.stderr
    assert "Equal to truth.json" in found.stdout
    assert max(len(line.rstrip()) for line in found.stdout.split("Where the data is")[0].splitlines()) <= 80
    assert seconds < MOST_SECONDS
