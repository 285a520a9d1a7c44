"""The steps of CONTRIBUTING add a metric and a dimension: applied to a copy of the package, they count right."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

import pytest

from usage_pipeline.storage.warehouse import HEAD
from usage_pipeline_tests.support import Landing, prompt
from usage_pipeline_tests.test_docs import ROOT, document, section

STEP = re.compile(r"`(usage_pipeline/[^`]+)`[^`]*:\n\n   ```\w+\n(.*?)^   ```$", re.MULTILINE | re.DOTALL)
TIME = "2026-05-01T08:10:00Z"


def changes(heading: str) -> dict[str, str]:
    """The text that a section adds to each file."""
    number = f"{int(HEAD) + 1:04}"
    text = section(document("CONTRIBUTING.md"), heading)
    text = text.replace("<number>", number).replace("<number before>", HEAD)
    return {path: dedent(added) for path, added in STEP.findall(text)}


def at_the_end_of(name: str) -> Callable[[str, str], str]:
    """Adds to a tuple of the module."""

    def add(content: str, added: str) -> str:
        start = content.index(f"\n{name} = ")
        end = content.index("\n)\n", start) + 1
        return f"{content[:end]}{indent(added.strip(), '    ')},\n{content[end:]}"

    return add


def behind(line: str, spaces: str) -> Callable[[str, str], str]:
    """Adds behind a line."""
    return lambda content, added: content.replace(f"{line}\n", f"{line}\n{indent(added, spaces)}", 1)


PLACES = {
    ("Add a metric", "usage_pipeline/registry.py"): at_the_end_of("METRICS"),
    ("Add a metric", "usage_pipeline/records/metered_records.sql"): behind("    1 AS records,", "    "),
    ("Add a dimension", "usage_pipeline/registry.py"): at_the_end_of("DIMENSIONS"),
    ("Add a dimension", "usage_pipeline/events/record.py"): at_the_end_of("FACTS"),
    ("Add a dimension", "usage_pipeline/events/sources/persona.yaml"): behind("fields:", "  "),
}


def apply(heading: str, root: Path) -> set[str]:
    """Follow the steps of a section in the copy of the package below `root`; the files that they touch."""
    added = changes(heading)
    for path, text in added.items():
        file = root / path
        place = PLACES.get((heading, path))
        content = place(file.read_text(encoding="utf-8"), text) if place else text
        file.write_text(content, encoding="utf-8")
    return set(added)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a copy of the package, to which the metric and the dimension were added."""
    root = tmp_path_factory.mktemp("copy")
    shutil.copytree(ROOT / "usage_pipeline", root / "usage_pipeline", ignore=shutil.ignore_patterns("__pycache__"))
    for heading in ("Add a metric", "Add a dimension"):
        apply(heading, root)
    return root


def check(record_id: str, **fields: object) -> dict[str, Any]:
    return {"id": record_id, "event": "persona_consistency_check", "timestamp": TIME, "tenantId": "acme", **fields}


LINES = [
    check("e1", issueCount=3, team="sales"),
    check("e2", issueCount=2, team="support"),
    prompt("e3", TIME, team="sales", conversationId="c1"),
    prompt("e4", TIME),
]

COMPUTE = """
import json
from datetime import date

from sqlalchemy import text

from usage_pipeline.pipeline.refresh import PlainRunner, refresh
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import open_storage
from usage_pipeline.storage.warehouse import migrate
from usage_pipeline.validation.checking import check_days
from usage_pipeline.validation.checks import DAY_CHECKS, LANDING_CHECKS, Severity

settings = Settings.load()
migrate(settings)
with open_storage(settings) as storage:
    refresh(storage, PlainRunner(storage))
    results = check_days(storage, [*LANDING_CHECKS, *DAY_CHECKS], [date(2026, 5, 1)], "test")
    of_teams = "FROM usage.daily_breakdown WHERE dimension = 'team' ORDER BY value"
    with storage.warehouse.connect() as connection:
        rows = [[*row] for row in connection.execute(text(f"SELECT value, records, issues {of_teams}"))]
failed = [result.check_name for result in results if not result.success and result.severity is Severity.ERROR]
print(json.dumps({"checks": len(results), "failed": failed, "breakdown": rows}))
"""


@pytest.fixture(scope="module")
def run(
    copy: Path, tmp_path_factory: pytest.TempPathFactory, new_database: Callable[[], str]
) -> Callable[..., Any]:
    """Runs Python with the copy on the same data directory and database; its output, which is JSON."""
    data_dir = tmp_path_factory.mktemp("data")
    Landing(data_dir / "landing").write("persona", "2026-05-01", LINES)
    names = {"DATA_DIR": str(data_dir), "DATABASE_URL": new_database(), "NOW": "2026-06-01T00:00:00Z"}
    environment = {**os.environ, **{f"USAGE_{name}": value for name, value in names.items()}}

    def call(*arguments: str) -> Any:
        done = subprocess.run(
            [sys.executable, *arguments],
            env={**environment, "PYTHONPATH": str(copy)},
            cwd=copy,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return call


@pytest.fixture(scope="module")
def computed(run: Callable[..., Any]) -> Any:
    return run("-c", COMPUTE)


@pytest.fixture
def query(computed: Any, run: Callable[..., Any]) -> Callable[..., list[dict[str, Any]]]:
    """Runs a command on the computed day; its rows."""
    assert computed
    return lambda *words: run("-m", "usage_pipeline.cli", *words, "--format", "json")


@pytest.mark.parametrize("heading", ["Add a metric", "Add a dimension"])
def test_an_addition_touches_at_most_three_files_of_the_package_and_a_test(heading: str) -> None:
    assert len(changes(heading)) == 3


def test_all_checks_know_the_metric_and_the_dimension(computed: Any) -> None:
    assert (computed["checks"], computed["failed"]) == (17, [])


def test_the_warehouse_breaks_usage_down_by_the_dimension(computed: Any) -> None:
    assert computed["breakdown"] == [["(none)", 1, 0], ["sales", 2, 3], ["support", 1, 2]]


def test_usage_sums_the_metric_by_the_dimension(query: Callable[..., list[dict[str, Any]]]) -> None:
    metrics = "records,issues,tokens_total,conversations"
    assert query("usage", "--group-by", "team", "--metrics", metrics) == [
        {"team": "(none)", "records": 1, "issues": 0, "tokens_total": 120, "conversations": 0},
        {"team": "sales", "records": 2, "issues": 3, "tokens_total": 120, "conversations": 1},
        {"team": "support", "records": 1, "issues": 2, "tokens_total": 0, "conversations": 0},
    ]


def test_intervals_have_the_metric(query: Callable[..., list[dict[str, Any]]]) -> None:
    rows = query(
        "usage", "--interval", "hour", "--metrics", "issues", "--from", "2026-05-01", "--to", "2026-05-01"
    )
    assert [(row["start"], row["issues"]) for row in rows if row["issues"]] == [("2026-05-01T08:00:00+00:00", 5)]


def test_costs_are_grouped_by_the_dimension(query: Callable[..., list[dict[str, Any]]]) -> None:
    rows = query("costs", "--group-by", "team")
    assert [(row["team"], row["tokens"]) for row in rows] == [("(none)", 120), ("sales", 120)]
