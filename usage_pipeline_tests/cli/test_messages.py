"""What commands say of values that do not fit, and of what is not there."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from usage_pipeline.cli import app as app_module
from usage_pipeline.cli.app import app, main
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage
from usage_pipeline.validation.checking import check_days
from usage_pipeline.validation.checks import DAY_CHECKS
from usage_pipeline_tests.cli.conftest import notes
from usage_pipeline_tests.cli.lines import LINES, write_three_days

Call = Callable[..., str]


@pytest.fixture(scope="module")
def settings(deploy: Callable[..., Storage]) -> Settings:
    """Those of a deployment with three days of two tenants."""
    storage = deploy(write_three_days)
    check_days(storage, DAY_CHECKS, [date(2026, 5, 3)], "test")
    return storage.settings


def said(*arguments: str) -> str:
    """What the command prints beside its result, without the lines of its frame."""
    ended = CliRunner().invoke(app, list(arguments))
    return " ".join(ended.stderr.replace("│", " ").split())


@pytest.mark.parametrize("day", ["yesterday", "2026-02-30", "20260501", "2026-05-01T00:00:00", "9999-12-31"])
@pytest.mark.parametrize("option", ["--from", "--to"])
def test_a_day_of_another_form_is_told_the_form(option: str, day: str) -> None:
    expected = "expected a day, YYYY-MM-DD, of the years 1970 to 2199"
    assert f"Invalid value for '{option}': {expected}, found '{day}'" in said("days", option, day)


def test_the_day_of_a_price_is_a_day_too() -> None:
    expected = "expected a day, YYYY-MM-DD, of the years 1970 to 2199, found 'now'"
    assert expected in said("prices", "--model", "o3", "--on", "now")


@pytest.mark.parametrize(
    "arguments",
    [
        "stocks --from 0001-01-01 --to 0001-01-01",
        "report --from 0001-01-02 --to 0001-01-02",
        "series --tenant acme --to 9999-12-31",
        "simulate --out nowhere --to 0001-01-02",
        "forecast --as-of 0001-01-01",
        "recommendations --as-of 9999-12-31",
        "prune --dry-run --as-of 0001-01-01",
        "limits --at 0001-01-01",
        "credits --tenant acme --at 1969-12-31T23:59:59Z",
        "rejects --limit 9223372036854775807",
        "simulate --out nowhere --days 9999999",
    ],
)
def test_what_lies_beyond_the_calendar_is_a_wrong_call(arguments: str) -> None:
    ended = CliRunner().invoke(app, arguments.split())
    assert (ended.exit_code, "Invalid value for" in ended.stderr) == (2, True)


def test_what_narrows_the_price_of_a_model_needs_the_model() -> None:
    ended = CliRunner().invoke(app, ["prices", "--region", "us", "--speed", "fast"])
    assert ended.exit_code == 2
    assert "`prices without --model` takes no --region and no --speed" in ended.stderr


@pytest.mark.usefixtures("call")
@pytest.mark.parametrize(
    ("arguments", "warning"),
    [
        (("usage", "--where", "model=m3"), "No usage has the model 'm3'; known are (none), m1, m2."),
        (("usage", "--where", "tenant=globe"), "No usage has the tenant 'globe'; did you mean 'globex'?"),
        (
            ("usage", "--interval", "day", "--where", "model=x"),
            "No usage has the model 'x'; known are (none), m1, m2.",
        ),
        (("usage", "--where", "member_id=ann"), "No usage has the member_id 'ann'; known are (none)."),
        (("costs", "--where", "model=m3"), "No usage has the model 'm3'; known are (none), m1, m2."),
        (("costs", "--tenant", "acne"), "No usage has the tenant 'acne'; did you mean 'acme'?"),
        (
            ("costs", "--where", "class=inputs"),
            "No usage has the class 'inputs'; did you mean 'input'?",
        ),
        (("series", "--tenant", "acne"), "No usage of a tenant 'acne' has landed; did you mean 'acme'?"),
    ],
)
def test_a_filter_value_that_occurs_nowhere_suggests_near_ones(arguments: tuple[str, ...], warning: str) -> None:
    assert f"Warning: {warning}" in said(*arguments)


@pytest.mark.usefixtures("call")
@pytest.mark.parametrize(
    "arguments",
    [
        ("usage", "--where", "model=m1"),
        ("usage", "--where", "model=m2", "--from", "2026-05-02"),  # it occurs, on another day
        ("usage", "--where", "tenant=globex", "--where", "model=m1"),  # both occur, not together
        ("usage", "--where", "day=2026-05-09"),
    ],
)
def test_a_filter_value_that_occurs_warns_of_nothing(arguments: tuple[str, ...]) -> None:
    assert "No usage has" not in notes(*arguments)


@pytest.mark.parametrize(
    "command",
    [
        *("series --tenant a", "usage", "days", "files", "rejects", "checks", "performance", "quality", "stocks"),
        *("costs", "prices --model o3", "cost-drift", "cost-diff", "statement --tenant a --period 2026-05"),
        *("recommendations", "audit", "explain e1", "doctor", "doctor --heartbeat"),
        *("alerts", "alerts deliver", "alerts retry --dry-run"),
        *("release f --reason r --dry-run", "withdraw f --reason r --dry-run", "withdraw f --reason r"),
        *("recompute", "rerate --from 2026-05-01 --to 2026-05-01", "close --tenant a --period 2026-05"),
        *("erase --tenant a --dry-run", "prune --dry-run", "clean-up", "serve", "export", "limits", "forecast"),
    ],
)
def test_a_data_directory_that_is_not_there_is_an_error_and_is_not_created(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "nowhere"
    monkeypatch.setenv("USAGE_DATA_DIR", str(folder))
    monkeypatch.setattr("sys.argv", ["usage-pipeline", *command.split()])
    with pytest.raises(SystemExit) as ended:
        main()
    assert (ended.value.code, folder.exists()) == (1, False)
    assert capsys.readouterr().err.startswith(f"Error: There is no data directory {folder}. Name another with")


@pytest.mark.usefixtures("call")
def test_a_format_is_tried_without_a_data_directory_but_in_none_that_is_mistyped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("USAGE_DATA_DIR", str(tmp_path / "new"))
    sample = tmp_path / "sample.jsonl"
    sample.write_text(f"{json.dumps(LINES[0])}\n")
    asked = ["mapping", "try", str(sample), "--mapping", "persona"]
    assert CliRunner().invoke(app, asked).stdout.startswith("Format persona: 1 lines, 1 accepted")
    mistyped = tmp_path / "mistyped"
    ended = CliRunner().invoke(app, [*asked, "--data-dir", str(mistyped)])
    assert str(ended.exception).startswith(f"There is no data directory {mistyped}.")
    assert not mistyped.exists()


@pytest.mark.parametrize("command", ["land", "recompute"])
def test_days_without_data_are_told(call: Call, command: str) -> None:
    what = {"land": "No landing folder", "recompute": "No landed record"}[command]
    assert call(command, "--from", "2026-07-01", "--to", "2026-07-31") == (
        f"{what} has a day from 2026-07-01 to 2026-07-31. Nothing was done.\n"
    )


def test_a_damaged_object_of_a_table_is_one_message(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged = settings.data_dir / "lake" / "content" / "2026-05-01" / "damaged.parquet"
    damaged.parent.mkdir(parents=True, exist_ok=True)
    damaged.write_bytes(b"PAR1 no more PAR1")
    arguments = ("erase", "--tenant", "acme", "--dry-run", "--data-dir", str(settings.data_dir))
    monkeypatch.setattr("sys.argv", ["usage-pipeline", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    damaged.unlink()
    said = " ".join(capsys.readouterr().err.split())
    assert ended.value.code == 1
    assert "damaged.parquet" in said
    assert said.endswith("restore it, or let `recompute` or `land` write it again.")


def test_a_command_without_its_function_is_one_message(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(app_module._MODULES, "cost-sum", "costs")  # noqa: SLF001 - as a contributor adds one
    monkeypatch.setattr("sys.argv", ["usage-pipeline", "--help"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert capsys.readouterr().err.startswith("Error: The command cost-sum has no function cost_sum in ")


def test_checks_prints_each_detail_on_a_line_of_its_own(call: Call) -> None:
    printed = [line.split() for line in call("checks").splitlines()]
    assert ["-", "model", "m1,", "reason", "unknown_model,", "tokens", "120"] in printed


def test_prices_lists_the_rules_of_names(call: Call) -> None:
    printed = call("prices", "--format", "csv").splitlines()
    assert printed[0] == "rule,spelling,stands_for"
    assert printed[2].startswith('azure,"azure/<model>, azure_ai/<model>, azure/global/<model>",')
    assert "provider,vertex_ai,the provider google" in printed
