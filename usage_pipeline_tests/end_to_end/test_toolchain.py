"""What Dagster's own tool says of the project, and how long its definitions take to load."""

import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

from usage_pipeline_tests.end_to_end.support import PROJECT

BIN = Path(sys.executable).parent


def test_dagsters_tool_accepts_the_definitions() -> None:
    found = subprocess.run([BIN / "dg", "check", "defs"], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr


def import_seconds(module: str) -> float:
    """How long a process takes that only imports the module."""
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", f"import {module}"], cwd=PROJECT, check=True)
    return time.perf_counter() - begun


@pytest.mark.acceptance  # a timing says nothing while other tests run beside it
def test_the_definitions_load_in_at_most_one_and_a_half_times_the_import_of_dagster() -> None:
    pairs = [(import_seconds("dagster"), import_seconds("usage_pipeline.definitions")) for _ in range(5)]
    dagster, ours = (statistics.median(times) for times in zip(*pairs, strict=True))
    assert ours <= 1.5 * dagster
