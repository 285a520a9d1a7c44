from dataclasses import replace
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from usage_pipeline.api.app import create_app
from usage_pipeline.keys.keys import NewKey, Scope, create_key, id_of, revoke_key
from usage_pipeline.storage.opened import Storage

DAYS = {"from": "2026-05-18", "to": "2026-05-20"}


def test_without_a_valid_key_nothing_is_answered(served: Storage) -> None:
    client = TestClient(create_app(served))
    for headers in ({}, {"Authorization": "Bearer up_nothing_known"}, {"Authorization": "Basic dXA6dXA="}):
        answer = client.get("/v1/days", headers=headers)
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["detail"].startswith("This needs a valid key")


def test_a_key_that_is_known_ends_at_once_when_it_is_revoked_or_expires(served: Storage) -> None:
    now, keys = served.settings.clock.now, {}
    with served.warehouse.begin() as connection:
        for name, end in (("revoked", None), ("ending", now + timedelta(hours=1))):
            new = NewKey(name, "acme", frozenset({Scope.TENANT}), "test", end)
            keys[name] = {"Authorization": f"Bearer {create_key(connection, new, now)}"}
    app = create_app(served)
    later = served.settings.model_copy(update={"now": now + timedelta(hours=1)})

    def statuses(name: str) -> list[int]:
        return [TestClient(app).get("/v1/days", headers=keys[name]).status_code for _ in range(2)]

    assert (statuses("revoked"), statuses("ending")) == ([200, 200], [200, 200])
    with served.warehouse.begin() as connection:
        revoke_key(connection, id_of(keys["revoked"]["Authorization"]), now)
    assert (statuses("revoked"), statuses("ending")) == ([401, 401], [200, 200])
    app.state.storage = replace(app.state.storage, settings=later)
    assert statuses("ending") == [401, 401]


def test_a_key_of_a_tenant_reads_its_tenant_alone(acme: TestClient) -> None:
    assert acme.get("/v1/days", params=DAYS).status_code == 200
    assert acme.get("/v1/days", params={**DAYS, "tenant": "acme"}).status_code == 200
    refused = acme.get("/v1/days", params={**DAYS, "tenant": "globex"})
    assert (refused.status_code, refused.json()["detail"]) == (403, "This key reads no other tenant than acme.")


def test_a_key_of_the_platform_reads_each_tenant_and_all(platform: TestClient) -> None:
    assert platform.get("/v1/days", params={**DAYS, "tenant": "globex"}).status_code == 200
    assert platform.get("/v1/days", params=DAYS).status_code == 200


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"from": "2026-05-20", "to": "2026-05-20"}, "query.to"),
        ({"from": "yesterday"}, "query.from"),
        ({"tenant": ""}, "query.tenant"),
    ],
)
def test_a_wrong_parameter_is_named(platform: TestClient, params: dict[str, str], field: str) -> None:
    answer = platform.get("/v1/days", params=params)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_an_unknown_path_or_method_is_a_problem_that_says_what_there_is(platform: TestClient) -> None:
    asked = {404: ("GET", "/v1/nothing"), 405: ("POST", "/v1/days")}
    answers = {status: platform.request(*what) for status, what in asked.items()}
    assert {status: (answer.status_code, answer.json()["title"]) for status, answer in answers.items()} == {
        404: (404, "Not Found"),
        405: (405, "Method Not Allowed"),
    }
    assert all("`/v1/openapi.json` describes all routes" in answer.json()["detail"] for answer in answers.values())


def test_days_are_half_open(platform: TestClient) -> None:
    answer = platform.get("/v1/days", params=DAYS)
    assert answer.json() == {
        "items": [
            {"day": "2026-05-18", "status": "final", "version": 1},
            {"day": "2026-05-19", "status": "provisional", "version": 1},
        ]
    }
