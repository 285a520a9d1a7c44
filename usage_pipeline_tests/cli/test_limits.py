"""`limits` and `check` as a user or a gateway calls them."""

import json

import pytest
from typer.testing import CliRunner

from usage_pipeline.cli.app import app
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.cli.conftest import work_on
from usage_pipeline_tests.limits.conftest import NOW, used
from usage_pipeline_tests.limits.reading import limit, write_limits

__all__ = ["used"]

ASK = ("check", "--tenant", "acme", "--type")


@pytest.fixture
def settings(used: Storage) -> Settings:
    return used.settings


@pytest.fixture(autouse=True)
def _at_noon(settings: Settings, dagster_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    work_on(settings, dagster_url, monkeypatch)
    monkeypatch.setenv("USAGE_NOW", NOW.isoformat())


def call(*arguments: str, exit_code: int = 0) -> tuple[str, str]:
    """What the command prints, and what goes to standard error."""
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == exit_code, result.output
    return result.stdout, result.stderr


def test_limits_are_printed_with_exact_numbers_and_what_they_leave_out(used: Storage) -> None:
    write_limits(used, limit("cost", 300), limit("tokens_total", 200, scope='{member_id: "*"}'))
    printed, warned = call("limits", "--tenant", "acme", "--format", "json")
    found = json.loads(printed)
    shown = ("limit_id", "member_id", "used", "share", "threshold", "first_day_over")
    assert [tuple(row[name] for name in shown) for row in found] == [
        ("cost", "", "255", "85", 80, None),
        ("tokens_total", "ann", "205", "102.5", 100, "2026-05-21"),
        ("tokens_total", "bob", "60", "30", None, None),
    ]
    assert warned == "Warning: Usage without a price or a rate is not in 1 limit on cost or credits\n"


def test_limits_are_printed_for_people(used: Storage) -> None:
    write_limits(used, limit("tokens_total", 1000, scope='{member_id: "ann"}'))
    printed, _ = call("limits", "--at", "2026-05-20")
    assert printed.splitlines()[0].rstrip() == "Limits, 2026-05-20 00:00:00 UTC"
    assert printed.splitlines()[-2].split() == [
        *("tokens_total", "acme", "ann", "tokens_total", "month", "2026-05-31"),
        *("160", "1,000", "16", "261.052631578947", "–"),
    ]


def test_a_prompt_beyond_the_credits_is_refused_with_402(used: Storage) -> None:
    write_limits(used)
    printed, told = call(*ASK, "persona_prompt", "--credits", "1200", exit_code=3)
    assert json.loads(printed) == {
        "error": "Insufficient credits",
        "requiredCredits": 1200,
        "availableCredits": 67.5,  # 100 from 20 May on, less 10 of overage and half of 45 tokens
        "action": "upgrade_or_topup",
        "billingPath": "/dashboard/billing",
    }
    assert told == "As of 2026-05-21T12:00:00Z\n"


def test_a_request_beyond_a_limit_is_refused_with_403(used: Storage) -> None:
    write_limits(used, limit("requests", 5, action="block", scope='{model: "x"}'), limit("requests", 1, id="soft"))
    printed, told = call(*ASK, "file_upload", "--model", "x", exit_code=3)
    assert json.loads(printed) == {"error": "Usage limit exceeded"}
    assert told == (
        "As of 2026-05-21T12:00:00Z: the limit requests allows 5 requests from 2026-05-01 to 2026-05-31, of which "
        "5 are used\n"
    )


def test_a_request_within_all_limits_is_allowed(used: Storage) -> None:
    write_limits(used, limit("requests", 8, action="block"), limit("credits", 140, action="block"))
    printed, told = call(*ASK, "persona_prompt", "--credits", "7.5")
    assert (json.loads(printed), told) == ({"allowed": True}, "As of 2026-05-21T12:00:00Z\n")


def test_a_tenant_whose_plan_allows_overage_needs_no_credits(used: Storage) -> None:
    write_limits(used)
    call("check", "--tenant", "globex", "--type", "persona_prompt", "--credits", "1000000")


def test_an_unknown_tenant_has_an_exit_code_of_its_own(used: Storage) -> None:
    write_limits(used)
    printed, told = call("check", "--tenant", "acne", "--type", "persona_prompt", exit_code=4)
    assert printed == ""
    assert told.startswith("Warning: There is no tenant 'acne'")


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        *(("--credits", text, "expected credits, a number of 0 or more") for text in ("-1", "NaN", "much")),
        *((name, "", "expected an id, found ''") for name in ("--member", "--project", "--model")),
    ],
)
def test_what_is_wrong_or_a_variable_that_is_not_set_is_no_answer(option: str, value: str, told: str) -> None:
    _, error = call(*ASK, "persona_prompt", option, value, exit_code=2)
    assert told in " ".join(error.replace("│", " ").split())
