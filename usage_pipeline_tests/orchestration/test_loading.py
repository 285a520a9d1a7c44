"""What Dagster loads in every process: nothing slow, and without a warning."""

import subprocess
import sys

import pytest

SLOW = {
    "sqlglot",
    "pandas",
    "alembic",
    "dagster_postgres",
    "great_expectations",
    "duckdb_engine",
    "sqlalchemy",
    "duckdb",
    "pyarrow",
    "genai_prices",
}


@pytest.fixture(scope="module")
def loaded() -> subprocess.CompletedProcess[str]:
    """A process that loads what Dagster loads, where a warning is an error, and prints what it has imported."""
    script = "import sys, usage_pipeline.definitions; print(*sys.modules)"
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=False
    )


def test_the_module_that_dagster_loads_imports_nothing_slow(loaded: subprocess.CompletedProcess[str]) -> None:
    imported = set(loaded.stdout.split())
    assert "usage_pipeline.definitions" in imported
    assert SLOW & imported == set()


def test_it_loads_without_a_warning(loaded: subprocess.CompletedProcess[str]) -> None:
    assert (loaded.returncode, loaded.stderr) == (0, "")
