"""What every request passes through, with a route that fails."""

import asyncio
import io
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from usage_pipeline.api.app import create_app
from usage_pipeline.api.middleware.request_limits import RequestLimits
from usage_pipeline.api.problems import ProblemError
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.api.conftest import lines

DAYS = {"from": "2026-05-18", "to": "2026-05-20"}
LOGIN = "/v1/session"
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def app(served: Storage) -> FastAPI:
    """The app with a route more."""
    app = create_app(served)
    app.add_api_route("/fails", fails)
    return app


def fails() -> None:
    raise ZeroDivisionError("of acme")


@pytest.fixture(scope="module")
def client(app: FastAPI) -> Iterator[TestClient]:
    """A client without a key."""
    with TestClient(app) as client:
        yield client


@pytest.mark.parametrize(
    ("asked", "is_taken"),
    [("req-1.a", True), ("a" * 65, False), ("a b", False), ("up_0123456789ab_secret", False)],
)
def test_a_request_has_the_id_that_its_client_gives_it_or_a_new_one(
    client: TestClient, asked: str, *, is_taken: bool
) -> None:
    answer = client.get("/v1/days", headers={"X-Request-ID": asked})
    given = answer.headers["X-Request-ID"]
    assert (given == asked) is is_taken
    assert (len(given) == 32) is not is_taken
    assert answer.json()["request_id"] == given


def test_the_log_has_a_line_for_each_request_and_nothing_that_its_caller_wrote_but_the_id(
    app: FastAPI, acme: TestClient, log: io.StringIO
) -> None:
    shown = acme.headers["Authorization"]
    client = TestClient(app, headers={"Authorization": shown}, cookies={"usage_session": "secret"})
    answer = client.get(
        "/v1/days", params={**DAYS, "tenant": "acme", "key": shown}, headers={"X-Request-ID": "r1"}
    )
    (line,) = lines(log)
    assert {name: line[name] for name in sorted(line.keys() - {"time", "seconds"})} == {
        "client": "testclient",
        "key": shown.split("_")[1],
        "level": "info",
        "logger": "usage_pipeline.api.access",
        "message": "GET /v1/days 422",
        "method": "GET",
        "request_id": "r1",
        "route": "/v1/days",
        "sent": len(answer.content),
        "status": 422,
    }
    assert 0 < line["seconds"] < 60


def test_a_request_that_leads_nowhere_is_logged_without_its_path(client: TestClient, log: io.StringIO) -> None:
    client.get("/v1/up_0123456789ab_secret")
    assert [line["message"] for line in lines(log)] == ["GET (none) 404"]


def test_the_log_can_be_without_a_line_for_each_request(served: Storage, log: io.StringIO) -> None:
    quiet = served.settings.model_copy(update={"api_access_log": False})
    TestClient(create_app(replace(served, settings=quiet))).get("/v1/days")
    assert lines(log) == []


def test_an_error_that_nobody_expected_is_told_to_the_log_alone(client: TestClient, log: io.StringIO) -> None:
    answer = client.get("/fails", headers={"X-Request-ID": "r1"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (500, "application/problem+json")
    assert answer.json() == {
        "type": "about:blank",
        "title": "Internal Server Error",
        "status": 500,
        "detail": "The server failed. Its log says why, with the id of this request.",
        "request_id": "r1",
        "errors": [],
    }
    failure, access = lines(log)
    assert (failure["request_id"], failure["level"]) == ("r1", "error")
    assert failure["exception"].endswith("ZeroDivisionError: of acme")
    assert access["status"] == 500


@pytest.mark.parametrize(
    ("path", "status"), [("/health", 200), ("/v1/days", 401), ("/v1/nothing", 404), ("/fails", 500)]
)
def test_every_answer_says_what_a_browser_must_not_do_with_it(client: TestClient, path: str, status: int) -> None:
    answer = client.get(path)
    assert answer.status_code == status
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS


HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Strict-Transport-Security": None,
}


def test_files_of_the_dashboard_may_be_kept_and_are_asked_for_again(client: TestClient, log: io.StringIO) -> None:
    answer = client.get("/dashboard/")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-cache")
    assert client.get("/dashboard/", headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    assert [line["message"] for line in lines(log)] == ["GET /dashboard 200", "GET /dashboard 304"]


def test_over_https_browsers_are_told_to_stay_there(app: FastAPI) -> None:
    answer = TestClient(app, base_url="https://usage.example.com").get("/health")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_a_body_that_is_too_large_is_refused_whether_it_says_so_or_not(client: TestClient) -> None:
    stated = client.post(LOGIN, content=b"x" * 65_537)
    chunked = client.post(LOGIN, content=(b"x" * 1024 for _ in range(65)))
    for answer in (stated, chunked):
        assert (answer.status_code, answer.json()["detail"]) == (
            413,
            "The body of a request has at most 65,536 bytes.",
        )
    assert client.post(LOGIN, content=b"x" * 65_536, headers=JSON).status_code == 422


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain", ""])
def test_a_body_that_is_no_json_is_refused(acme: TestClient, kind: str) -> None:
    body = b'{"type": "persona_prompt"}'
    answer = acme.post("/v1/limits/check", content=body, headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["detail"]) == (
        415,
        "Send the body as JSON, with the header `Content-Type: application/json`.",
    )
    as_json = acme.post(
        "/v1/limits/check", content=body, headers={"Content-Type": "Application/JSON; charset=utf-8"}
    )
    assert as_json.status_code != 415


@pytest.mark.parametrize(
    ("path", "to"),
    [("/v1/days/?a=b", "/v1/days?a=b"), ("//evil.example/v1/days/", None), ("/", "dashboard/")],
)
def test_a_redirect_names_no_host(client: TestClient, path: str, to: str | None) -> None:
    answer = client.get(f"http://evil.example{path}", follow_redirects=False)
    assert answer.headers.get("Location") == to


def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    async def receive() -> Any:
        await asyncio.Event().wait()

    async def unused(*_: Any) -> None:
        pytest.fail("it is not handled")

    scope = {"type": "http", "path": LOGIN, "query_string": b"", "headers": []}
    with pytest.raises(ProblemError) as refused:
        asyncio.run(RequestLimits(unused, 0.01)(scope, receive, unused))
    assert refused.value.problem.status == 408


def test_headers_that_are_too_large_are_refused(client: TestClient) -> None:
    answer = client.get("/health", headers={"X-Long": "x" * 16_384})
    assert (answer.status_code, answer.json()["detail"]) == (
        431,
        "The headers of a request have at most 16,384 bytes.",
    )


@pytest.mark.parametrize("path", ["/v1/days?tenant=a%00b", "/v1/days%00"])
def test_a_character_that_the_database_cannot_compare_is_refused(acme: TestClient, path: str) -> None:
    answer = acme.get(path)
    assert (answer.status_code, answer.json()["detail"]) == (
        400,
        "The address holds a character that is in no id, %00.",
    )


def test_large_answers_are_compressed_for_those_who_can_read_it(acme: TestClient) -> None:
    long = {"from": "2026-03-01", "to": "2026-05-20"}
    plain = acme.get("/v1/days", params=long, headers={"Accept-Encoding": "identity"})
    small = acme.get("/v1/days", params=long, headers={"Accept-Encoding": "gzip"})
    assert (plain.headers.get("Content-Encoding"), small.headers["Content-Encoding"]) == (None, "gzip")
    assert small.json() == plain.json()
    assert int(small.headers["Content-Length"]) < len(plain.content) / 5
