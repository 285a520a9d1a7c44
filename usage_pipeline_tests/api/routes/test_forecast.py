"""Forecasts and insights over HTTP, of a tenant that uses the same each Friday, and of one with little history."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from usage_pipeline.api.app import create_app
from usage_pipeline.keys.keys import NewKey, Scope, create_key
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.insights.outlook.conftest import fridays

__all__ = ["fridays"]


@pytest.fixture(scope="module")
def friday(fridays: Storage) -> Iterator[TestClient]:
    """A client with a key of acme."""
    with fridays.warehouse.begin() as connection:
        key = NewKey("test", "acme", frozenset({Scope.TENANT}), "test")
        shown = create_key(connection, key, fridays.settings.clock.now)
    with TestClient(create_app(fridays), headers={"Authorization": f"Bearer {shown}"}) as client:
        yield client


def found(client: TestClient, route: str, **asked: Any) -> Any:
    answer = client.get(f"/v1/{route}", params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_forecast_has_days_periods_credits_and_limits(friday: TestClient) -> None:
    answer = found(friday, "forecast", measures="cost,credits")
    cost, credit = answer["items"]
    names = ("estimate", *(f"{end}_{level}" for level in (50, 80, 95) for end in ("low", "high")))
    estimate = dict.fromkeys(names, "100")
    assert cost["days"][4] == {**estimate, "day": "2026-06-05"}
    period = cost["period"]
    assert (period["first_day"], period["last_day"], period["estimate"]) == ("2026-05-20", "2026-06-19", "500")
    assert (credit["next_period"]["high_80"], credit["unit"], credit["reason"]) == ("200", "credits", None)
    passed = {"probability": "1", **dict.fromkeys(("day", "earliest", "latest"), "2026-06-19"), "is_over": False}
    assert answer["credits"] == {
        "known_until": "2026-05-31",
        "left": "140",
        "until": "2026-08-01",
        "runs_out": passed,
        "reason": None,
    }
    assert [(limit["limit_id"], limit["passes"]["day"]) for limit in answer["limits"]] == [("day", "2026-06-05")]


def test_a_short_history_has_no_forecast_and_a_reason(acme: TestClient) -> None:
    answer = found(acme, "forecast", measures="cost")
    (item,) = answer["items"]
    assert (
        item["reason"]
        == "4 days with a number since 2026-05-18, the first use in the 182 days up to 2026-05-21; 21 are needed"
    )
    assert (item["days"], item["period"], item["accuracy"]) == ([], None, None)
    assert (answer["as_of"], answer["credits"]) == ("2026-05-21", None)


def test_insights_have_trends_shares_and_peaks(friday: TestClient) -> None:
    answer = found(friday, "insights", measures="tokens_total,error_percent", dimension="member_id", take=1)
    assert [(trend["measure"], trend["day"], trend["week"]) for trend in answer["trends"]] == [
        ("tokens_total", "2026-05-31", "14.29"),
        ("error_percent", "2026-05-29", "0"),
    ]
    assert answer["shares"] == [
        {
            "measure": "tokens_total",
            "items": [{"value": "ann", "amount": "280", "percent": "70", "before": "70", "shift": "0"}],
            "left_out": 1,
        }
    ]
    assert answer["peaks"]["weekdays"] == ["0", "0", "0", "0", "100", "0", "0"]
    assert (answer["peaks"]["days"][0], answer["peaks"]["week"][4][8]) == (
        {"day": "2026-05-08", "total": 100},
        "100",
    )


@pytest.mark.parametrize(
    ("route", "asked", "told"),
    [
        ("forecast", {"measures": "p95_ms"}, "p95_ms has no forecast; expected a sum"),
        ("forecast", {"measures": ","}, "Parts of the request are wrong"),
        ("forecast", {"asOf": "2026-05-22"}, "2026-05-22 has not ended"),
        ("insights", {"dimension": "colour"}, "There is no dimension 'colour'"),
        ("insights", {"measures": "token_total"}, "did you mean 'tokens_total'"),
    ],
)
def test_what_cannot_be_answered_is_refused(
    acme: TestClient, route: str, asked: dict[str, str], told: str
) -> None:
    answer = acme.get(f"/v1/{route}", params=asked)
    assert answer.status_code == 422
    assert told in answer.json()["detail"]
