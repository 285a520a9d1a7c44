"""`forecast` and `insights` as an analyst calls them."""

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from usage_pipeline.errors import QueryError
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.insights.outlook.conftest import fridays

__all__ = ["fridays"]

Call = Callable[..., str]


@pytest.fixture
def settings(fridays: Storage, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("USAGE_FORMATS_DIR", str(fridays.settings.formats_dir))
    monkeypatch.setenv("USAGE_REFERENCE_DIR", str(fridays.settings.reference_dir))
    return fridays.settings


def of(rows: list[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    """The values of these columns."""
    return [tuple(row[name] for name in names) for row in rows]


def test_a_forecast_has_sums_days_credits_and_limits(call: Call) -> None:
    found = json.loads(call("forecast", "acme", "--measure", "cost", "--measure", "credits", "--format", "json"))
    assert of(found["sums"], "measure", "period", "last_day", "value", "high_80", "method") == [
        ("cost", "present", "2026-06-19", "500.000000", "500.000000", "mean"),
        ("cost", "next", "2026-07-19", "400.000000", "400.000000", "mean"),
        ("credits", "present", "2026-06-19", "250.000", "250.000", "mean"),
        ("credits", "next", "2026-07-19", "200.000", "200.000", "mean"),
    ]
    assert of(found["credits"], "known_until", "left", "passed_on") == [("2026-05-31", "140", "2026-06-19")]
    assert of(found["limits"], "limit_id", "last_day", "probability", "passed_on") == [
        ("day", "2026-06-30", "1.00", "2026-06-05")
    ]
    assert len(found["days"]) == 2 * 30


def test_each_tenant_has_its_reason_for_no_forecast(call: Call) -> None:
    printed = call("forecast", "--each", "--measure", "requests", "--as-of", "2026-05-14", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(printed)))
    looked_at = "182 days up to 2026-05-14"
    assert of(rows, "tenant_id", "value", "reason") == [
        ("acme", "", f"14 days with a number since 2026-05-01, the first use in the {looked_at}; 21 are needed"),
        ("globex", "", f"nothing was used in the {looked_at}"),
        ("initech", "", f"nothing was used in the {looked_at}"),
    ]


def test_a_forecast_is_printed_for_people(call: Call) -> None:
    printed = " ".join(call("forecast", "--measure", "requests").split())
    assert "Sums as of 2026-05-31" in printed
    assert "all together requests present 2026-06-30 10" in printed
    assert "Credits as of 2026-05-31" in printed


def test_insights_have_trends_anomalies_shares_and_peaks(call: Call) -> None:
    asked = ("--measure", "tokens_total", "--dimension", "member_id", "--as-of", "2026-05-29")
    found = json.loads(call("insights", "acme", *asked, "--format", "json"))
    assert of(found["trends"], "compared", "now", "before", "percent")[2] == ("week", "14.29", "14.29", "0.0")
    assert of(found["shares"], "value", "amount", "percent", "shift") == [
        ("ann", 280, "70.00", "0.00"),
        ("bob", 120, "30.00", "0.00"),
    ]
    assert of(found["peaks"], "of", "rank", "at", "value")[0] == ("day", 1, "2026-05-08", 100)
    assert found["anomalies"] == []
    reason = (
        "26 days with a number since 2026-05-01, the first use in the 182 days up to 2026-05-26; 28 are needed"
    )
    assert of(found["not_judged"], "measure", "judged_from", "reason") == [("tokens_total", None, reason)]


def test_where_nothing_is_judged_there_is_no_anomaly(call: Call) -> None:
    printed = call("insights", "globex", "--measure", "requests", "--show", "anomalies", "--format", "csv")
    assert printed.splitlines() == [
        "tenant_id,measure,kind,severity,first_day,last_day,worst_day,value,expected,low,high,score,explained_by"
    ]


def test_what_has_no_time_of_day_has_no_peaks(call: Call) -> None:
    found = json.loads(call("insights", "acme", "--measure", "cost", "--format", "json"))
    assert found["peaks"] == []


WRONG = {
    ("forecast", "--measure", "token_total"): "There is no measure 'token_total'",
    (
        "forecast",
        "--measure",
        "p95_ms",
    ): "p95_ms has no forecast; expected a sum: records,.* cost, reported_cost, credits.$",
    ("forecast", "--measure", "foo"): "'foo'; expected one of records,.* cost, reported_cost, credits.$",
    ("insights", "--measure", "foo"): "'foo'; expected one of records,.* credits, p95_ms,.* cost_per_token.$",
    ("forecast", "--as-of", "2026-06-01"): "2026-06-01 has not ended",
    ("forecast", "acne"): "There is no tenant 'acne'",
    ("insights", "acme", "--dimension", "colour"): "There is no dimension 'colour'",
}


@pytest.mark.parametrize("asked", WRONG)
def test_a_wrong_question_is_refused(call: Call, asked: tuple[str, ...]) -> None:
    with pytest.raises(QueryError, match=WRONG[asked]):
        call(*asked)
