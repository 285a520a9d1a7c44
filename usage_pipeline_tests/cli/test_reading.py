"""Commands that read: what they print of three days."""

import csv
import io
import json
from collections.abc import Callable
from datetime import date

import pytest
from typer.testing import CliRunner

from usage_pipeline.cli.app import app
from usage_pipeline.errors import QueryError
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage
from usage_pipeline.validation.checking import check_days
from usage_pipeline.validation.checks import DAY_CHECKS, LANDING_CHECKS
from usage_pipeline_tests.cli.lines import LINES, write_three_days


@pytest.fixture(scope="module")
def settings(deploy: Callable[..., Storage]) -> Settings:
    """Those of a deployment with three days, the last of which was looked at, without the suites."""
    storage = deploy(write_three_days)
    check_days(storage, [*LANDING_CHECKS, *DAY_CHECKS], [date(2026, 5, 3)], "test")
    return storage.settings


def test_series_json_has_three_parallel_lists_with_midnight_in_milliseconds(call: Callable[..., str]) -> None:
    printed = call("series", "--tenant", "acme", "--from", "2026-05-01", "--to", "2026-05-04", "--format", "json")
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


def test_series_csv_leaves_a_missing_day_empty(call: Callable[..., str]) -> None:
    printed = call("series", "--tenant", "acme", "--from", "2026-05-03", "--to", "2026-05-04", "--format", "csv")
    assert printed == "day,tokens,conversations,messages\n2026-05-03,120,0,1\n2026-05-04,,,\n"


@pytest.mark.parametrize(
    ("as_of", "row"),
    [
        pytest.param("2026-05-31", "2026-05-03,,,", id="a day before it was published"),
        pytest.param("2026-06-01", "2026-05-03,120,0,1", id="the day on which it was"),
        pytest.param("2026-06-01T00:00:00Z", "2026-05-03,120,0,1", id="the time"),
        pytest.param("2026-06-01T01:59:59+02:00", "2026-05-03,,,", id="a second before, in another zone"),
        pytest.param("2199-12-31", "2026-05-03,120,0,1", id="the last day of all"),
        pytest.param("1", "2026-05-03,120,0,1", id="the first version"),
        pytest.param("2147483647", "2026-05-03,120,0,1", id="the last version of all"),
    ],
)
def test_series_as_of_a_time_or_version(call: Callable[..., str], as_of: str, row: str) -> None:
    days = ("--from", "2026-05-03", "--to", "2026-05-03")
    printed = call("series", "--tenant", "acme", *days, "--as-of", as_of, "--format", "csv")
    assert printed == f"day,tokens,conversations,messages\n{row}\n"


def test_costs_as_of_a_version_have_tokens_and_amounts(call: Callable[..., str]) -> None:
    printed = call("costs", "--group-by", "tenant,model", "--as-of", "1", "--format", "csv")
    assert printed == (
        "tenant,model,tokens,amount,missing_days\nacme,m1,240,,0\nacme,m2,220,,0\nglobex,(none),120,,0\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        *("yesterday", "2026-06-01T00:00:00", "1.5", "2147483648", "99999999999999999999", "9" * 5000),
        *("0001-01-01", "9999-12-31", "9999-12-31T23:59:59Z"),
    ],
)
def test_an_as_of_that_is_no_time_is_a_wrong_question(call: Callable[..., str], text: str) -> None:
    with pytest.raises(QueryError, match=f"--as-of '{text}': expected a day, a time with its zone, or a version"):
        call("series", "--tenant", "acme", "--as-of", text)


@pytest.mark.usefixtures("call")
def test_series_of_an_unknown_tenant_names_the_known_ones() -> None:
    result = CliRunner().invoke(app, ["series", "--tenant", "initech"])
    assert "No usage of a tenant 'initech' has landed; known are acme, globex." in result.stderr


def test_usage_groups_and_filters(call: Callable[..., str]) -> None:
    printed = call(
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


def test_usage_of_an_unknown_dimension_names_the_known_ones(call: Callable[..., str]) -> None:
    with pytest.raises(QueryError, match="There is no dimension 'colour'; expected one of day, tenant"):
        call("usage", "--group-by", "colour")


def test_days_tells_status_and_accounting(call: Callable[..., str]) -> None:
    days = json.loads(call("days", "--format", "json"))
    assert [(day["day"], day["status"], day["records"]) for day in days] == [
        ("2026-05-01", "final", 2),
        ("2026-05-02", "final", 1),
        ("2026-05-03", "final", 1),
    ]


def test_files_shows_the_lines_of_each_file(call: Callable[..., str]) -> None:
    rows = list(csv.DictReader(io.StringIO(call("files", "--from", "2026-05-03", "--format", "csv"))))
    assert [(row["path"], row["state"], row["lines"], row["accepted"], row["rejected"]) for row in rows] == [
        ("persona/2026-05-03/events.jsonl", "landed", "2", "1", "1")
    ]


def test_rejects_names_file_line_field_and_what_was_expected(call: Callable[..., str]) -> None:
    [reject] = json.loads(call("rejects", "--format", "json"))
    assert reject == {
        "landing_file": "persona/2026-05-03/events.jsonl",
        "landing_line": 2,
        "landing_event": 1,
        "reason": "invalid_occurred_at",
        "field": "$.timestamp",
        "found": "2026-05-03",
        "expected": "an ISO 8601 time with zone, such as 2026-02-20T08:00:00.120Z",
        "raw": json.dumps(LINES[3]),
    }


def test_rejects_of_an_unknown_file_are_a_wrong_question(call: Callable[..., str]) -> None:
    with pytest.raises(QueryError, match=r"No landing file 'nosuch\.jsonl' is known"):
        call("rejects", "--file", "nosuch.jsonl")


def test_a_range_that_ends_before_it_begins_is_a_wrong_call(call: Callable[..., str]) -> None:
    call("days", "--from", "2026-05-03", "--to", "2026-05-01", exit_code=2)


def test_doctor_finds_nothing_wrong_after_a_run(call: Callable[..., str]) -> None:
    assert "All event days are current" in call("doctor")


def test_checks_prints_those_that_failed_with_their_details(call: Callable[..., str]) -> None:
    (row,) = json.loads(call("checks", "--format", "json"))
    assert row == {
        "day": "2026-05-03",
        "table_name": "tenant_costs",
        "check_name": "tokens_are_priced",
        "result": "warning",
        "observed": "120 of 120 tokens have no price, 0 of them because they are not split",
        "expected": "at most 2% of the tokens lack a price, and at most half a split into input and output",
        "details": [{"model": "m1", "reason": "unknown_model", "tokens": 120}],
    }


def test_a_single_rejected_line_fails_nothing_and_is_listed_with_file_line_and_reason(
    call: Callable[..., str],
) -> None:
    rows = json.loads(call("checks", "--all", "--format", "json"))
    (row,) = [row for row in rows if row["check_name"] == "files_are_usable"]
    assert row == {
        "day": "2026-05-03",
        "table_name": "landed_events",
        "check_name": "files_are_usable",
        "result": "passed",
        "observed": "0 of 1 files count nowhere, 0 reject over 1.0% of their lines, 0 entries are passed over",
        "expected": "every entry is a file that counts, with at most 1.0% of its lines rejected",
        "details": [
            {
                "file": "persona/2026-05-03/events.jsonl",
                "problem": "invalid_occurred_at, first in line 2",
                "lines": 1,
            }
        ],
    }


def test_checks_prints_all_where_asked_and_only_of_the_days(call: Callable[..., str]) -> None:
    printed = call("checks", "--from", "2026-05-03", "--to", "2026-05-03", "--all", "--format", "csv")
    assert len(printed.splitlines()) == 1 + len(LANDING_CHECKS) + len(DAY_CHECKS)
    assert "token_series,totals_are_those_of_the_records,passed" in printed
    assert len(call("checks", "--to", "2026-05-02", "--all", "--format", "csv").splitlines()) == 1
