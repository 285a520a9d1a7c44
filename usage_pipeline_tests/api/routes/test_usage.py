from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

DAYS = {"from": "2026-05-18", "to": "2026-05-23"}
NOT_YET = {"from": "2026-05-22", "to": "2026-05-23"}


def rows(client: TestClient, path: str, **asked: Any) -> dict[str, Any]:
    answer = client.get(f"/v1/{path}", params={**DAYS, **asked})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_breakdown_has_a_row_for_each_group_and_their_total(acme: TestClient) -> None:
    assert rows(acme, "usage/breakdown", groupBy="model", metrics="credits,requests,tokens_total") == {
        "items": [
            {"model": "(none)", "credits": None, "requests": 1, "tokens_total": 0},
            {"model": "x", "credits": "127.5", "requests": 5, "tokens_total": 255},
            {"model": "y", "credits": "5", "requests": 1, "tokens_total": 10},
        ],
        "total": {"credits": "132.5", "requests": 7, "tokens_total": 265},
        "left_out": 0,
        "missing_days": 1,
    }


def test_the_largest_rows_come_first_and_the_others_are_in_the_total(acme: TestClient) -> None:
    asked = {"groupBy": "member_id,day", "metrics": "tokens_total", "sort": "tokens_total", "take": 2}
    found = rows(acme, "usage/breakdown", **asked)
    assert found["items"] == [
        {"member_id": "ann", "day": "2026-05-18", "tokens_total": 100},
        {"member_id": "ann", "day": "2026-05-19", "tokens_total": 60},
    ]
    assert (found["total"], found["left_out"]) == ({"tokens_total": 265}, 6)


def test_values_of_a_filter_are_alternatives_and_filters_are_conjunctive(acme: TestClient) -> None:
    asked = {"metrics": "tokens_total", "member_id": ["ann", "(none)"], "project": "(none)"}
    assert rows(acme, "usage/breakdown", **asked)["items"] == [{"tokens_total": 200}]


def test_where_all_days_are_missing_nothing_is_known(acme: TestClient) -> None:
    usage = rows(acme, "usage/breakdown", metrics="requests,credits", **NOT_YET)
    assert usage["items"] == [usage["total"]] == [{"requests": None, "credits": None}]
    by_day = rows(acme, "usage/breakdown", metrics="requests", groupBy="day", **NOT_YET)
    assert by_day["items"] == [{"day": "2026-05-22", "requests": None}]
    assert rows(acme, "costs", **NOT_YET)["total"]["amount"] is None


def test_costs_say_how_much_has_a_price(acme: TestClient) -> None:
    no_fees = {"fees": 0, "unpriced_requests": 0, "unpriced_tool_calls": 0, "fee_coverage": None}
    assert rows(acme, "costs", groupBy="model") == {
        "items": [
            {"model": "x", "tokens": 255, "unpriced_tokens": 0, "coverage": "100", "amount": "255", **no_fees},
            {"model": "y", "tokens": 10, "unpriced_tokens": 10, "coverage": "0", "amount": None, **no_fees},
        ],
        "total": {"tokens": 265, "unpriced_tokens": 10, "coverage": "96.22", "amount": "255", **no_fees},
        "left_out": 0,
        "missing_days": 1,
    }


@pytest.mark.parametrize(
    "asked",
    [{"groupBy": "colour"}, {"metrics": "colour"}, {"metrics": ""}, {"sort": "colour"}, {"groupBy": "day,day"}],
)
def test_an_unknown_word_is_refused(acme: TestClient, asked: dict[str, str]) -> None:
    assert acme.get("/v1/usage/breakdown", params=asked).status_code == 422


def test_the_summary_compares_with_as_many_days_before(initech: TestClient) -> None:
    found = rows(initech, "summary", **{"from": "2026-05-20", "to": "2026-05-22"})
    assert found["current"] == {
        "from": "2026-05-20",
        "to": "2026-05-22",
        "missing_days": 0,
        "records": 17,
        "prompts": 2,
        "runs": 2,
        "conversations": 1,
        "messages": 5,
        "tokens_in": 220,
        "tokens_out": 24,
        "tokens_total": 301,
        "personas": 2,
        "timeline_entries": 1,
        "requests": 16,
        "errors": 2,
        "error_percent": "12.5",
        "p50_ms": 1012,
        "p95_ms": 20670,
        "p99_ms": 20670,
        "checks": 1,
        "clean_percent": "0",
        "issues": 2,
        "issues_per_1000_prompts": "1000",
        "cost": "220",
        "cost_coverage": "81.06",
        "credits": "110",
    }
    before = found["previous"]
    assert [before[name] for name in ("from", "to", "requests", "p50_ms")] == ["2026-05-18", "2026-05-20", 0, None]
    assert {*rows(initech, "summary", **NOT_YET)["current"].values()} == {*NOT_YET.values(), 1, None}


def test_a_range_far_in_the_future_is_answered_as_soon_as_any_other(initech: TestClient) -> None:
    far = {"from": "8998-12-01", "to": "8999-01-01"}
    answer = initech.get("/v1/summary", params=far)
    assert {*answer.json()["current"].values()} == {*far.values(), 31, None}
    assert answer.elapsed < timedelta(seconds=5)


def test_days_before_all_that_are_known_do_not_change_the_hours_of_the_week(initech: TestClient) -> None:
    found, of_years = (rows(initech, "usage/hours", **{"from": first}) for first in ("2026-05-15", "2017-01-01"))
    assert of_years["items"] == found["items"]
    assert {hour["tokens"] for hour in rows(initech, "usage/hours", **NOT_YET)["items"]} == {None}
