"""`performance`, `quality` and `stocks` as a user calls them."""

import json
from collections.abc import Callable

import pytest
from typer.testing import CliRunner

from usage_pipeline.cli.app import app
from usage_pipeline.errors import QueryError
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.support import Landing, prompt

TIME = "2026-05-01T08:00:00Z"
ISSUES = {"issueCount": 1, "issueTypes": ["age"]}
LINES = [
    prompt("e1", TIME, modelName="m1", latencyMs=1500),
    prompt("e2", TIME, modelName="m1", latencyMs=20, status="failed"),
    prompt("e3", TIME, modelName="m1"),
    {"id": "e4", "event": "persona_create", "timestamp": TIME, "tenantId": "acme"},
    {"id": "e5", "event": "persona_consistency_check", "timestamp": TIME, "tenantId": "acme", **ISSUES},
]


def write_two_days(landing: Landing) -> None:
    """Usage of acme on 1 May, and a 3 May without any."""
    landing.write("persona", "2026-05-01", LINES)
    landing.write("persona", "2026-05-03", [])


@pytest.fixture(scope="module")
def settings(deploy: Callable[..., Storage]) -> Settings:
    """Those of a deployment that knows 1 and 3 May, with usage of acme on the first."""
    return deploy(write_two_days).settings


DAYS = ("--from", "2026-05-01", "--to", "2026-05-02")


def test_performance_in_csv_leaves_a_missing_day_empty(call: Callable[..., str]) -> None:
    assert call("performance", "--tenant", "acme", *DAYS, "--format", "csv") == (
        "day,requests,errors,error_percent,p50_ms,p95_ms,p99_ms,tokens_per_request,bytes_per_request\n"
        "2026-05-01,5,1,20.0,20,1565,1565,72.0,0.0\n"
        "2026-05-02,,,,,,,,\n"
    )


def test_performance_by_model_in_json_has_exact_decimals_as_texts(call: Callable[..., str]) -> None:
    found = json.loads(call("performance", "--group-by", "model", *DAYS, "--format", "json"))
    assert found[1] == {
        "model": "m1",
        "requests": 3,
        "errors": 1,
        "error_percent": "33.3",
        "p50_ms": 20,
        "p95_ms": 1565,
        "p99_ms": 1565,
        "tokens_per_request": "120.0",
        "bytes_per_request": "0.0",
    }


def test_performance_by_day_and_model_has_a_row_without_a_model_on_a_missing_day(call: Callable[..., str]) -> None:
    printed = call("performance", "--group-by", "day,model", *DAYS, "--format", "csv")
    assert [row.split(",")[:3] for row in printed.splitlines()[1:]] == [
        ["2026-05-01", "(none)", "2"],
        ["2026-05-01", "m1", "3"],
        ["2026-05-02", "", ""],
    ]


def test_performance_by_other_words_is_a_wrong_question(call: Callable[..., str]) -> None:
    with pytest.raises(QueryError, match="not grouped by 'member_id'"):
        call("performance", "--group-by", "member_id")


def test_quality_begins_with_all_checks(call: Callable[..., str]) -> None:
    assert call("quality", "--tenant", "acme", *DAYS, "--format", "csv") == (
        "issue_type,checks,clean_percent,issues,issues_per_1000_prompts\n(all),1,0.0,1,333.3\nage,1,,1,333.3\n"
    )


def test_stocks_go_on_after_a_missing_day(call: Callable[..., str]) -> None:
    printed = call("stocks", "--tenant", "acme", "--from", "2026-05-02", "--to", "2026-05-03", "--format", "csv")
    assert printed == (
        "day,personas_created,personas_deleted,personas,timeline_appended,timeline_superseded,timeline_entries\n"
        "2026-05-02,,,,,,\n"
        "2026-05-03,0,0,1,0,0,0\n"
    )


@pytest.mark.parametrize("command", ["performance", "quality", "stocks"])
@pytest.mark.usefixtures("call")
def test_an_unknown_tenant_is_told_of(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--tenant", "acne"])
    assert "No usage of a tenant 'acne' has landed; did you mean 'acme'?" in result.stderr
