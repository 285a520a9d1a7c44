"""`recommendations` as a user calls it."""

import json
from collections.abc import Callable

import pytest

from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.cli.conftest import notes
from usage_pipeline_tests.insights.advised import fill


@pytest.fixture(scope="module")
def settings(open_filled: Callable[..., Storage]) -> Settings:
    """Those of a deployment with tenants to which recommendations apply as of yesterday."""
    return open_filled(fill).settings


def test_recommendations_are_a_table_for_people(call: Callable[..., str]) -> None:
    printed = call("recommendations", "failing")
    assert printed.split()[:2] == ["Recommendations,", "2026-05-31"]
    (row,) = [line for line in printed.splitlines() if "failing" in line]
    assert "1 of 3 runs in 28 days failed" in row
    assert row.split()[-4:] == ["5.00", "2.00", "28", "days"]


def test_json_has_evidence_and_the_select(call: Callable[..., str]) -> None:
    (found,) = json.loads(call("recommendations", "lavish", "--format", "json"))
    assert (found["saving_usd"], found["evidence"][0]["alternative"]) == ("2.700000000000", "alpha-mini")
    assert found["sql"].startswith("WITH parameters AS")


def test_the_selects_are_printed_one_after_the_other(call: Callable[..., str]) -> None:
    printed = call("recommendations", "leaving", "failing", "--sql")
    assert printed.count("\n;\n") == 3
    assert printed.startswith("-- failing: Failed runs that cost. 1 of 3 runs in 28 days failed")


def test_what_is_unused_depends_on_the_days_that_are_asked_for(call: Callable[..., str]) -> None:
    found = json.loads(call("recommendations", "leaving", "--unused-days", "45", "--format", "json"))
    assert [one["text"].split(". ")[0] for one in found] == [
        "1 feature had use before, and none in the last 45 days: old",
        "1 member had use before, and none in the last 45 days",
    ]


@pytest.mark.parametrize("command", ["recommendations", "insights", "forecast"])
@pytest.mark.usefixtures("call")
def test_a_day_before_all_data_is_warned_of(command: str) -> None:
    told = notes(command, "--as-of", "2026-02-01")
    assert "Nothing is known up to 2026-02-01: the first day with data is 2026-03-10" in told
    assert "Nothing is known" not in notes(command)


def test_without_anything_to_recommend_the_table_is_empty(call: Callable[..., str]) -> None:
    assert call("recommendations", "--as-of", "2026-02-01", "--format", "json") == "[]\n"
