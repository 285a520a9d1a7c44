from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from usage_pipeline.keys.keys import Scope

DAYS = {"from": "2026-05-18", "to": "2026-05-23"}


def ids(client: TestClient, **asked: Any) -> list[str]:
    return [run["run_id"] for run in client.get("/v1/runs", params={**DAYS, **asked}).json()["items"]]


def test_a_run_says_what_it_used_and_cost(initech: TestClient) -> None:
    (run,) = initech.get("/v1/runs", params={**DAYS, "status": "failed"}).json()["items"]
    assert {name: value for name, value in run.items() if value is not None} == {
        "day": "2026-05-21",
        "tenant_id": "initech",
        "source": "agent_runs",
        "type": "agent_run",
        "run_id": "initech-second",
        "status": "failed",
        "error_code": "quota",
        "duration_ms": 72000,
        "started_at": "2026-05-20T23:59:30Z",
        "ended_at": "2026-05-21T00:00:42Z",
        "member_id": "initech-eve",
        "agent": "initech-agent",
        "agent_type": "content",
        "model": "x",
        "tokens_in": 10,
        "tokens_out": 2,
        "tokens_total": 12,
        "api_calls": 3,
        "tool_calls": 1,
        "cost": "10",
        "unrated": "no_operation",
    }


def test_the_newest_runs_come_first_and_filters_are_conjunctive(initech: TestClient, acme: TestClient) -> None:
    assert ids(initech) == ["initech-third", "initech-second", "initech-first"]
    assert ids(initech, status=["failed", "running"], member_id="initech-zoe") == ["initech-third"]
    assert ids(initech, to="2026-05-21") == ["initech-first"]
    assert ids(acme) == []


def test_pages_have_each_run_once(platform: TestClient) -> None:
    found: list[str] = []
    asked: dict[str, Any] = {**DAYS, "take": 2}
    while True:
        page = platform.get("/v1/runs", params=asked).json()
        found += [run["run_id"] for run in page["items"]]
        if page["cursor"] is None:
            break
        asked["cursor"] = page["cursor"]
    assert found == [
        *("globex-third", "initech-third", "globex-second", "initech-second"),
        *("globex-first", "initech-first"),
    ]


LONE_SURROGATE = "WyIyMDI2LTExLTI5IiwgMTc5NTk5MjcxMzYxMTAwMCwgIlx1ZDgwMCIsICJhZ2VudF9ydW5zIiwgInJ1biJd"


@pytest.mark.parametrize("cursor", ["abc", "W10", "ü", LONE_SURROGATE, ""])
def test_what_is_no_cursor_is_refused(initech: TestClient, cursor: str) -> None:
    assert initech.get("/v1/runs", params={"cursor": cursor}).status_code == 422


def test_a_cursor_leads_on_in_its_own_list_only(initech: TestClient, platform: TestClient) -> None:
    of_initech = initech.get("/v1/runs", params={"take": 1}).json()["cursor"]
    assert [run["run_id"] for run in initech.get("/v1/runs", params={"cursor": of_initech}).json()["items"]] == [
        *("initech-second", "initech-first"),
    ]
    for client, other in ((platform, {}), (initech, {"status": "failed"}), (initech, {"to": "2026-05-23"})):
        answer = client.get("/v1/runs", params={"cursor": of_initech, **other})
        assert answer.status_code == 422
        assert answer.json()["detail"].startswith("The cursor belongs to another list.")


def test_texts_take_a_scope_of_their_own(initech: TestClient, client_of: Callable[..., TestClient]) -> None:
    path = "/v1/runs/initech-second"
    assert initech.get(path).json()["content"] is None
    found = client_of("initech", Scope.CONTENT).get(path).json()
    assert found["run"]["run_id"] == "initech-second"
    assert found["content"] == {
        "input": '{"topic":"initech second"}',
        "output": None,
        "error": "initech is over its quota",
    }


def test_a_run_of_another_tenant_is_not_found(initech: TestClient) -> None:
    assert initech.get("/v1/runs/globex-second").status_code == 404
