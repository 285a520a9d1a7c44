"""The commands as a user calls them: what they print, and how they end."""

import csv
import io
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from usage_pipeline.cli.app import app, main
from usage_pipeline.errors import QueryError
from usage_pipeline.storage.opened import Storage
from usage_pipeline.validation.checks import DAY_CHECKS, LANDING_CHECKS
from usage_pipeline.validation.examine import examine_days
from usage_pipeline_tests.cli.lines import LINES
from usage_pipeline_tests.support import Landing, prompt


def test_run_says_what_it_landed_and_computed_and_then_that_all_is_current(
    call: Callable[..., str], landing: Landing
) -> None:
    landing.write("persona", "2026-05-03", LINES[2:])
    first = call("run")
    assert "Landed 1 file of 1 landing day: 1 lines accepted, 1 rejected." in first
    assert "Computed 1 event day." in first
    assert call("run").strip() == "All days are current."


def test_run_says_how_many_billing_periods_it_closed(call: Callable[..., str], landing: Landing) -> None:
    landing.write("persona", "2026-04-30", [prompt("e1", "2026-04-30T08:00:00Z")])
    assert "Closed 1 billing period." in call("run", "--no-suites")
    assert "acme, 2026-04-01 to 2026-04-30, closed 2026-06-01: " in call(
        "statement", "--tenant", "acme", "--period", "2026-04"
    )


def test_series_json_has_three_parallel_lists_with_midnight_in_milliseconds(landed: Callable[..., str]) -> None:
    printed = landed(
        "series", "--tenant", "acme", "--from", "2026-05-01", "--to", "2026-05-04", "--format", "json"
    )
    first = 1_777_593_600_000
    dates = [first + day * 86_400_000 for day in range(4)]
    assert json.loads(printed) == {
        name: [{"date": date, "total": total} for date, total in zip(dates, totals, strict=True)]
        for name, totals in {
            "tokens": [340, 0, 120, None],
            "conversations": [1, 0, 0, None],
            "messages": [4, 0, 1, None],
        }.items()
    }


def test_series_csv_leaves_a_missing_day_empty(landed: Callable[..., str]) -> None:
    printed = landed("series", "--tenant", "acme", "--from", "2026-05-03", "--to", "2026-05-04", "--format", "csv")
    assert printed == "day,tokens,conversations,messages\n2026-05-03,120,0,1\n2026-05-04,,,\n"


@pytest.mark.usefixtures("landed")
def test_series_of_an_unknown_tenant_names_the_known_ones() -> None:
    result = CliRunner().invoke(app, ["series", "--tenant", "acne"])
    assert "No usage of a tenant 'acne' has landed; known are acme, globex." in result.stderr


def test_usage_groups_and_filters(landed: Callable[..., str]) -> None:
    printed = landed(
        "usage",
        "--group-by",
        "model",
        "--where",
        "tenant=acme",
        "--metrics",
        "records,tokens_total",
        "--format",
        "csv",
    )
    assert printed == "model,records,tokens_total\nm1,2,240\nm2,1,220\n"


def test_usage_of_an_unknown_dimension_names_the_known_ones(landed: Callable[..., str]) -> None:
    with pytest.raises(QueryError, match="There is no dimension 'colour'; expected one of day, tenant"):
        landed("usage", "--group-by", "colour")


def test_days_tells_status_and_accounting(landed: Callable[..., str]) -> None:
    days = json.loads(landed("days", "--format", "json"))
    assert [(day["day"], day["status"], day["records"]) for day in days] == [
        ("2026-05-01", "final", 2),
        ("2026-05-02", "final", 1),
        ("2026-05-03", "final", 1),
    ]


def test_files_shows_the_lines_of_each_file(landed: Callable[..., str]) -> None:
    rows = list(csv.DictReader(io.StringIO(landed("files", "--from", "2026-05-03", "--format", "csv"))))
    assert [(row["path"], row["state"], row["lines"], row["accepted"], row["rejected"]) for row in rows] == [
        ("persona/2026-05-03/events.jsonl", "landed", "2", "1", "1")
    ]


def test_rejects_names_file_line_field_and_what_was_expected(landed: Callable[..., str]) -> None:
    [reject] = json.loads(landed("rejects", "--format", "json"))
    assert reject == {
        "landing_file": "persona/2026-05-03/events.jsonl",
        "landing_line": 2,
        "reason": "invalid_occurred_at",
        "field": "$.timestamp",
        "found": "2026-05-03",
        "expected": "an ISO 8601 time with zone, such as 2026-02-20T08:00:00.120Z",
        "raw": json.dumps(LINES[3]),
    }


def test_a_file_that_cannot_be_read_ends_the_run_with_exit_code_3(
    call: Callable[..., str], landing: Landing
) -> None:
    landing.write("persona", "2026-05-01", LINES[:2])
    path = landing.write_bytes("persona", "2026-05-01", b"x" * 1000, name="torn.jsonl.gz")
    path.write_bytes(path.read_bytes()[:20])
    assert "Landed 2 files of 1 landing day: 2 lines accepted" in call("run", exit_code=3)


def test_land_says_which_days_it_leaves_to_compute(call: Callable[..., str], landing: Landing) -> None:
    landing.write("persona", "2026-05-01", LINES[:2])
    assert "1 event day to compute: `usage-pipeline run` does." in call("land")


def test_a_file_of_which_no_line_is_accepted_needs_attention(call: Callable[..., str], landing: Landing) -> None:
    landing.write("persona", "2026-05-01", ["{"])
    call("run", exit_code=3)


def test_rejects_of_an_unknown_file_are_a_wrong_question(landed: Callable[..., str]) -> None:
    with pytest.raises(QueryError, match=r"No landing file 'nosuch\.jsonl' is known"):
        landed("rejects", "--file", "nosuch.jsonl")


def test_land_and_recompute_take_inclusive_days(landed: Callable[..., str]) -> None:
    assert "Landed 2 files of 2 landing days" in landed("land", "--from", "2026-05-02", "--to", "2026-05-03")
    assert "Computed 1 event day." in landed("recompute", "--from", "2026-05-01", "--to", "2026-05-01")


def test_a_range_that_ends_before_it_begins_is_a_wrong_call(landed: Callable[..., str]) -> None:
    landed("days", "--from", "2026-05-03", "--to", "2026-05-01", exit_code=2)


def test_doctor_finds_nothing_wrong_after_a_run(landed: Callable[..., str]) -> None:
    assert "All event days are current" in landed("doctor")


def test_a_wrong_question_ends_with_exit_code_2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["usage-pipeline", "usage", "--group-by", "colour"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2


def test_a_data_directory_that_is_a_file_is_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "afile").touch()
    monkeypatch.setenv("USAGE_DATA_DIR", str(tmp_path / "afile"))
    monkeypatch.setattr("sys.argv", ["usage-pipeline", "days"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert capsys.readouterr().err.startswith("Error: ")


def test_the_embedded_database_refuses_a_path_that_a_shell_would_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("USAGE_DATA_DIR", str(tmp_path / "a;b"))
    monkeypatch.setattr("sys.argv", ["usage-pipeline", "days"])
    with pytest.raises(SystemExit):
        main()
    assert "the embedded PostgreSQL cannot run in a path with ';'" in capsys.readouterr().err


def test_a_mistyped_command_is_told_the_one_that_was_meant() -> None:
    assert "Did you mean 'series'?" in CliRunner().invoke(app, ["seris"]).stderr


def test_an_error_is_one_message_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("USAGE_LATENESS_DAYS", "soon")
    monkeypatch.setattr("sys.argv", ["usage-pipeline", "days"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert capsys.readouterr().err.startswith("Error: USAGE_LATENESS_DAYS='soon': ")


@pytest.mark.parametrize(
    "command",
    [
        "demo",
        "dev",
        "migrate",
        "doctor",
        "run",
        "land",
        "recompute",
        "series",
        "usage",
        "days",
        "files",
        "rejects",
        "performance",
        "quality",
        "stocks",
        "release",
        "withdraw",
        "audit",
        "explain",
    ],
)
def test_every_command_explains_itself_with_an_example(command: str) -> None:
    assert "Example: " in CliRunner().invoke(app, [command, "--help"]).stdout


@pytest.fixture
def examined(landed: Callable[..., str], storage: Storage) -> Callable[..., str]:
    """The same after landing day and event day 3 May were looked at, without the suites."""
    examine_days(storage, [*LANDING_CHECKS, *DAY_CHECKS], [date(2026, 5, 3)], "test")
    return landed


def test_checks_prints_those_that_failed_with_file_line_and_reason(examined: Callable[..., str]) -> None:
    row, unpriced = json.loads(examined("checks", "--format", "json"))
    assert unpriced["check_name"] == "tokens_are_priced"
    assert row == {
        "day": "2026-05-03",
        "table_name": "landed_events",
        "check_name": "files_are_usable",
        "result": "warning",
        "observed": "1 problems in 1 files: persona/2026-05-03/events.jsonl line 2 is invalid_occurred_at",
        "expected": "0 problems",
    }


def test_checks_prints_all_where_asked_and_only_of_the_days(examined: Callable[..., str]) -> None:
    printed = examined("checks", "--from", "2026-05-03", "--to", "2026-05-03", "--all", "--format", "csv")
    assert len(printed.splitlines()) == 1 + len(LANDING_CHECKS) + len(DAY_CHECKS)
    assert "token_series,totals_are_those_of_the_records,passed" in printed
    assert len(examined("checks", "--to", "2026-05-02", "--all", "--format", "csv").splitlines()) == 1
