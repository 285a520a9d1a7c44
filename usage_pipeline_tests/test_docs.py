"""What the Markdown files say is true: settings, commands, make targets, links and the format example.

So is what messages say of commands.
"""

import ast
import re
import shlex
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
import typer.main
from typer.testing import CliRunner

from docs.reference import PAGES
from usage_pipeline.cli.app import app
from usage_pipeline.definitions import build_definitions
from usage_pipeline.events.format_files import load_format
from usage_pipeline.events.landing.rejects import MEANINGS, read_rejects
from usage_pipeline.metrics.queries import UsageQuery
from usage_pipeline.metrics.read import read
from usage_pipeline.pipeline.refresh import PlainRunner, refresh
from usage_pipeline.settings import PREFIX, Settings
from usage_pipeline_tests.conftest import OpenOn
from usage_pipeline_tests.dagster_calls import parse_dagster_call
from usage_pipeline_tests.support import Landing, reject_reasons

ROOT = Path(__file__).parents[1]
DOCUMENTS = (
    *("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"),
    *sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("docs/*.md")),
)
LENGTHS = {"README.md": 1000, "ARCHITECTURE.md": 2500}
COMMANDS = typer.main.get_command(app).commands

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#.*$", re.MULTILINE)
SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\((?!https?:)([^)\s]+)\)")
CALL = re.compile(r"usage-pipeline ([a-z][a-z-]*)([^`\n]*)")


def document(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def prose(text: str) -> str:
    return FENCE.sub("", text)


def code(text: str) -> list[str]:
    """Lines of shell blocks, and code within sentences; blocks of output are left out."""
    blocks = [line for language, block in FENCE.findall(text) if language == "sh" for line in block.splitlines()]
    return [*blocks, *SPAN.findall(HEADING.sub("", prose(text)))]


def blocks(text: str, language: str) -> list[str]:
    return [block for found, block in FENCE.findall(text) if found == language]


def section(text: str, heading: str) -> str:
    return text.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]


def table(text: str, heading: str) -> list[tuple[str, ...]]:
    """The rows of the first table of a section, without its head."""
    found = section(text, heading)
    rows = found[found.index("\n|") + 1 :].split("\n\n", 1)[0].splitlines()[2:]
    return [tuple(cell.strip() for cell in row.strip("|").split(" | ")) for row in rows]


def anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", prose(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_the_pages_that_are_made_from_the_code_are_those_of_this_code(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == PAGES[path](), "make docs writes it"


def test_the_page_of_settings_lists_each_once_with_its_default_and_description() -> None:
    rows = document("docs/settings.md").split("|---|---|---|\n")[1].split("\n\n")[0].splitlines()
    names = [row.split("|")[1].strip() for row in rows]
    assert names == [f"`{PREFIX}{name.upper()}`" for name in Settings.model_fields]
    assert "| `USAGE_LATENESS_DAYS` | `3` | Days after its end that a day stays provisional. |" in rows


def test_readme_and_architecture_are_short() -> None:
    assert {name: len(document(name).split()) <= most for name, most in LENGTHS.items()} == dict.fromkeys(
        LENGTHS, True
    )


def test_architecture_lists_each_folder_once() -> None:
    package = ROOT / "usage_pipeline"
    there = {f"{path.name}/" for path in package.iterdir() if (path / "__init__.py").exists()}
    there |= {path.name for path in package.glob("*.py") if path.name != "__init__.py"}
    rows = section(document("ARCHITECTURE.md"), "Folders").split("|---|---|\n")[1].split("\n\n")[0].splitlines()
    named = [word for row in rows for word in SPAN.findall(row.split("|")[1])]
    assert sorted(named) == sorted(there)


def test_operate_lists_the_automation() -> None:
    repository = build_definitions().get_repository_def()
    automation = [*repository.sensor_defs, *repository.schedule_defs]
    named = {row[0].strip("`") for row in table(document("docs/operate.md"), "Automation")}
    assert named == {definition.name for definition in automation}


def test_the_page_of_commands_lists_each_once_in_the_order_of_the_help() -> None:
    headings = re.findall(r"^## `usage-pipeline ([a-z-]+)`$", document("docs/cli.md"), re.MULTILINE)
    assert headings == list(COMMANDS)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_call_in_a_document_is_one_that_the_command_line_accepts(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"{PREFIX}DATA_DIR", "restored at the end: --data-dir sets it")
    found = [re.match(r"(?:usage )?usage-pipeline ([a-z].*)", text) for text in code(document(name))]
    for command, *arguments in [shlex.split(match[1]) for match in found if match]:
        COMMANDS[command].make_context(command, arguments)


def texts_of(source: str) -> Iterator[str]:
    """All texts of Python code, as they are when the parts of each are together; `…` is a value."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_every_command_and_option_that_a_message_names_exists() -> None:
    there = {
        (name, option)
        for name, command in COMMANDS.items()
        for option in (None, *(option for parameter in command.params for option in parameter.opts))
    }
    named = {
        (str(path.relative_to(ROOT)), command, option)
        for path in ROOT.glob("usage_pipeline/**/*.py")
        for text in texts_of(path.read_text(encoding="utf-8"))
        for command, rest in CALL.findall(text)
        for option in (None, *re.findall(r"--[a-z-]+", rest))
    }
    assert ("usage_pipeline/orchestration/pruning.py", "prune", "--confirm") in named
    assert {call for call in named if call[1:] not in there} == set()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_call_of_dagster_in_a_document_is_one_that_its_command_line_accepts(name: str) -> None:
    found = [re.search(r"(?:^|usage |code )(dagster[a-z-]* [a-z-].*)", text) for text in code(document(name))]
    for call in [match[1] for match in found if match]:
        parse_dagster_call(call)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_setting_named_in_a_document_exists(name: str) -> None:
    settings = {f"{PREFIX}{field.upper()}" for field in Settings.model_fields}
    assert set(re.findall(rf"\b{PREFIX}[A-Z_]+\b", document(name))) <= settings


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_every_command_has_an_example(name: str) -> None:
    result = CliRunner().invoke(app, [name, "--help"])
    assert result.exit_code == 0
    assert re.search(rf"Example:\s.*usage-pipeline\s+{name}", result.output, re.DOTALL)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_make_target_named_in_a_document_exists(name: str) -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", document("Makefile"), re.MULTILINE))
    named = {target for text in code(document(name)) for target in re.findall(r"\bmake ([a-z][a-z-]*)", text)}
    assert named <= targets


def test_contributing_lists_every_make_target() -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", document("Makefile"), re.MULTILINE))
    assert {row[0] for row in table(document("CONTRIBUTING.md"), "Set-up")} == {
        f"`make {target}`" for target in targets
    }


def test_formats_explains_each_reject_reason() -> None:
    rows = section(document("docs/formats.md"), "Reject reasons").splitlines()[3:]
    named = {word for row in rows for word in SPAN.findall(row.split("|")[1])}
    assert set(MEANINGS) <= named


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_relative_link_leads_to_a_file_and_a_heading_that_exist(name: str) -> None:
    for link in LINK.findall(prose(document(name))):
        path, _, anchor = link.partition("#")
        target = (ROOT / name).parent / path if path else ROOT / name
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target.read_text(encoding="utf-8")), link


@pytest.fixture
def formats(tmp_path: Path) -> Path:
    """The folder `my-formats` of docs/formats.md."""
    folder = tmp_path / "my-formats"
    folder.mkdir()
    examples = (block for block in blocks(document("docs/formats.md"), "yaml") if "description:" in block)
    for name, example in zip(("support_bot", "agent_tasks"), examples, strict=True):
        (folder / f"{name}.yaml").write_text(example, encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", ["support_bot", "agent_tasks"])
def test_the_examples_of_formats_load(formats: Path, name: str) -> None:
    assert load_format(formats / f"{name}.yaml").name == name


def test_the_example_of_formats_counts_what_is_printed_there(
    formats: Path, new_settings: Callable[..., Settings], open_on: OpenOn
) -> None:
    settings = new_settings(formats_dir=formats)
    lines, _ = blocks(document("docs/formats.md"), "jsonl")
    Landing(settings.landing).write("support_bot", "2025-03-20", lines.splitlines(), name="answers.jsonl")
    metrics = ("records", "messages", "conversations", "tokens_in", "tokens_cached", "tokens_out", "errors")
    days = (date(2025, 3, 19), date(2025, 3, 20))
    with open_on(settings) as storage:
        refresh(storage, PlainRunner(storage))
        found = read(storage, UsageQuery(*days, ("day", "type", "model"), metrics=metrics)).rows
        rejected = reject_reasons(storage)
    assert [tuple(map(str, row.values())) for row in found] == printed("2025-03-19  event", "2025-03-20  prompt")
    assert rejected == [(5, "unknown_type"), (6, "invalid_occurred_at")]


def test_the_example_of_events_within_lines_counts_what_is_printed_there(
    formats: Path, new_settings: Callable[..., Settings], open_on: OpenOn
) -> None:
    settings = new_settings(formats_dir=formats)
    _, lines = blocks(document("docs/formats.md"), "jsonl")
    Landing(settings.landing).write("agent_tasks", "2025-03-20", lines.splitlines(), name="tasks.jsonl")
    day = date(2025, 3, 20)
    with open_on(settings) as storage:
        refresh(storage, PlainRunner(storage))
        metrics = ("records", "tokens_in", "tokens_out")
        found = read(storage, UsageQuery(day, day, ("agent", "model"), metrics=metrics)).rows
        rejects = read_rejects(storage, day, day)
    assert [tuple(map(str, row.values())) for row in found] == printed("planner  ")
    names = ("landing_file", "landing_line", "landing_event", "reason", "field", "found", "expected")
    told = [tuple("–" if row[name] is None else str(row[name]) for name in names) for row in rejects]
    assert told == printed("agent_tasks/2025-03-20/tasks.jsonl")


def printed(*starts: str) -> list[tuple[str, ...]]:
    """The rows of the printed tables of docs/formats.md that begin with these cells, cell by cell."""
    lines = [line.strip() for block in blocks(document("docs/formats.md"), "text") for line in block.splitlines()]
    return [tuple(re.split(r"\s{2,}", line)) for line in lines if line.startswith(starts)]
