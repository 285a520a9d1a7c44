import pytest
from fastapi.testclient import TestClient

from usage_pipeline.api import series as cutting

PATH = "/v1/usage/series/fetch"
DAYS = {"from": "2026-05-18", "to": "2026-05-23"}
MIDNIGHTS = [1779062400000, 1779148800000, 1779235200000, 1779321600000, 1779408000000]


def totals(series: list[dict[str, int | None]]) -> list[int | None]:
    return [point["total"] for point in series]


def test_series_are_parallel_and_a_missing_day_is_null(platform: TestClient) -> None:
    answer = platform.get(PATH, params={**DAYS, "tenant": "globex"}).json()
    assert [point["date"] for point in answer["tokens"]] == MIDNIGHTS
    assert {name: totals(answer[name]) for name in ("tokens", "conversations", "messages")} == {
        "tokens": [0, 1000, 69, 12, None],
        "conversations": [0, 1, 1, 0, None],
        "messages": [0, 2, 2, 0, None],
    }
    assert (answer["missing"], answer["missing_days"]) == ([0, 0, 0, 0, 1], 1)


def test_by_default_they_are_of_the_last_90_days(acme: TestClient) -> None:
    answer = acme.get(PATH).json()
    dates = [point["date"] for point in answer["messages"]]
    assert (len(dates), dates[-1], answer["missing_days"]) == (90, MIDNIGHTS[-1], 1)


def test_weeks_and_months_sum_the_days_that_are_known(acme: TestClient) -> None:
    weeks = acme.get(PATH, params={**DAYS, "from": "2026-05-16", "interval": "week"}).json()
    assert weeks["tokens"] == [{"date": 1778889600000, "total": 0}, {"date": MIDNIGHTS[0], "total": 265}]
    assert weeks["missing"] == [0, 1]
    months = acme.get(PATH, params={"from": "2026-05-22", "to": "2026-06-02", "interval": "month"}).json()
    assert months["tokens"] == [{"date": MIDNIGHTS[4], "total": None}, {"date": 1780272000000, "total": None}]
    assert months["missing"] == [10, 1]


def test_hours_are_those_of_the_zone_and_conversations_have_none(acme: TestClient) -> None:
    asked = {"from": "2026-05-18", "to": "2026-05-19", "interval": "hour", "timezone": "Asia/Kolkata"}
    answer = acme.get(PATH, params=asked).json()
    assert [point for point in answer["tokens"] if point["total"]] == [{"date": 1779089400000, "total": 150}]
    assert (len(answer["tokens"]), answer["conversations"]) == (24, None)
    too_many = acme.get(PATH, params={"from": "2025-05-17", "to": "2026-05-19", "interval": "hour"})
    assert too_many.json()["errors"] == [{"field": "query.to", "detail": "By hour, expected at most 366 days."}]


def test_groups_sum_to_the_series_and_beyond_the_largest_they_are_one(
    acme: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {**DAYS, "groupBy": "member_id"}
    assert {name: totals(points) for name, points in acme.get(PATH, params=asked).json()["tokens"].items()} == {
        "ann": [100, 60, 40, 5, None],
        "bob": [50, 10, 0, 0, None],
        "(none)": [0, 0, 0, 0, None],
    }
    monkeypatch.setattr(cutting, "MOST_GROUPS", 1)
    asked["interval"] = "day"  # the answer before is kept
    assert {name: totals(points) for name, points in acme.get(PATH, params=asked).json()["messages"].items()} == {
        "ann": [2, 2, 2, 2, None],
        "(other)": [2, 2, 0, 0, None],
    }


def test_the_platform_groups_by_tenant(platform: TestClient) -> None:
    answer = platform.get(PATH, params={**DAYS, "groupBy": "tenant", "interval": "week"}).json()
    assert {name: totals(points) for name, points in answer["tokens"].items()} == {
        "globex": [1081],
        "initech": [301],
        "acme": [265],
    }
