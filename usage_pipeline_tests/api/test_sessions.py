from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from usage_pipeline.api.app import create_app
from usage_pipeline.keys.keys import revoke_key
from usage_pipeline.storage.opened import Storage

HTTPS, LOCAL = "https://usage.example.com", "http://127.0.0.1:8000"
PATH = "/v1/session"


@pytest.fixture(scope="module")
def app(served: Storage) -> FastAPI:
    """The app, with more attempts to log in than these tests need."""
    return create_app(replace(served, settings=served.settings.model_copy(update={"api_logins_per_minute": 1000})))


@pytest.fixture
def browser(app: FastAPI) -> Iterator[TestClient]:
    """A browser that has nothing yet."""
    with TestClient(app, base_url=HTTPS) as client:
        yield client


def key_of(client: TestClient) -> str:
    return client.headers["Authorization"].removeprefix("Bearer ")


def log_in(browser: TestClient, key: str) -> str:
    """Log in, and return the token of the session."""
    answer = browser.post(PATH, json={"key": key})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["csrf_token"])


def test_a_browser_reads_with_the_cookie_that_it_got_for_a_key(browser: TestClient, acme: TestClient) -> None:
    token = log_in(browser, key_of(acme))
    assert browser.get("/v1/days").status_code == 200
    assert browser.get("/v1/days", params={"tenant": "globex"}).status_code == 403
    assert browser.get(PATH).json() == {"csrf_token": token, "expires_at": "2026-05-23T00:00:00Z"}
    assert browser.delete(PATH, headers={"X-CSRF-Token": token}).status_code == 204
    assert browser.get("/v1/days").status_code == 401


def test_a_login_with_an_unknown_parameter_opens_no_session(browser: TestClient, acme: TestClient) -> None:
    answer = browser.post(PATH, json={"key": key_of(acme)}, params={"key": "1"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "query.key")
    assert not browser.cookies


def test_the_end_of_a_session_ends_its_cookie_everywhere(browser: TestClient, acme: TestClient) -> None:
    token = log_in(browser, key_of(acme))
    (copied,) = browser.cookies.jar
    browser.delete(PATH, headers={"X-CSRF-Token": token})
    assert not browser.cookies
    browser.cookies.set(copied.name, str(copied.value))
    assert browser.get("/v1/days").status_code == 401


@pytest.mark.parametrize(
    ("address", "name", "secure"),
    [
        (HTTPS, "__Host-usage_session", "; Secure"),
        (LOCAL, "usage_session", ""),
        ("http://localhost", "usage_session", ""),
        ("http://[::1]:8000", "usage_session", ""),
        ("http://usage.example.com", "__Host-usage_session", "; Secure"),
        ("http://localhost.example.com", "__Host-usage_session", "; Secure"),
    ],
)
def test_the_cookie_is_for_this_host_alone_and_not_for_scripts(
    app: FastAPI, acme: TestClient, address: str, name: str, secure: str
) -> None:
    answer = TestClient(app, base_url=address).post(PATH, json={"key": key_of(acme)})
    shown, _, attributes = answer.headers["Set-Cookie"].partition("; ")
    assert shown.partition("=")[0] == name
    assert attributes == f"HttpOnly; Max-Age=43200; Path=/; SameSite=strict{secure}"


def test_a_session_ends_with_its_key(
    browser: TestClient, client_of: Callable[..., TestClient], served: Storage
) -> None:
    key = key_of(client_of("acme"))
    log_in(browser, key)
    with served.warehouse.begin() as connection:
        revoke_key(connection, key.split("_")[1], served.settings.clock.now)
    assert browser.get("/v1/days").status_code == 401


def test_a_session_ends_after_its_time(browser: TestClient, acme: TestClient, served: Storage) -> None:
    log_in(browser, key_of(acme))
    later = served.settings.model_copy(update={"now": served.settings.clock.now + timedelta(hours=12)})
    app = create_app(replace(served, settings=later))
    assert TestClient(app, base_url=HTTPS, cookies=browser.cookies).get("/v1/days").status_code == 401


@pytest.mark.parametrize("key", ["", "up_0123456789ab_secret", "up_\\u0000_secret", "Bearer", "é", "\\ud800"])
def test_what_is_no_key_opens_no_session(browser: TestClient, key: str) -> None:
    answer = browser.post(PATH, content=f'{{"key": "{key}"}}', headers={"Content-Type": "application/json"})
    assert (answer.status_code, "Set-Cookie" in answer.headers) in {(401, False), (422, False)}


def test_a_key_that_is_refused_is_not_repeated(browser: TestClient) -> None:
    for body in ({"key": ["up_secret"]}, {"kee": "up_secret"}, {"key": "up_secret", "more": 1}):
        answer = browser.post(PATH, json=body)
        assert answer.status_code == 422
        assert "up_secret" not in answer.text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"X-CSRF-Token": "0" * 64}, 403),
        ({"X-CSRF-Token": "é".encode()}, 403),
        ({"X-CSRF-Token": "token", "Origin": "https://evil.example.com"}, 403),
        ({"X-CSRF-Token": "token", "Origin": "null"}, 403),
        ({"X-CSRF-Token": "token", "Sec-Fetch-Site": "same-site"}, 403),
        ({"X-CSRF-Token": "token", "Origin": HTTPS, "Sec-Fetch-Site": "cross-site"}, 403),
        ({"X-CSRF-Token": "token", "Origin": HTTPS, "Sec-Fetch-Site": "same-origin"}, 204),
        ({"X-CSRF-Token": "token", "Origin": HTTPS}, 204),
        ({"X-CSRF-Token": "token"}, 204),
    ],
)
def test_what_changes_something_needs_the_token_of_the_session_and_a_page_of_this_site(
    browser: TestClient, acme: TestClient, headers: dict[str, str | bytes], status: int
) -> None:
    token = log_in(browser, key_of(acme))
    shown = {name: token if value == "token" else value for name, value in headers.items()}
    assert browser.delete(PATH, headers=shown).status_code == status
    assert browser.get(PATH).status_code == (401 if status == 204 else 200)


def test_a_page_of_another_site_logs_nobody_in(browser: TestClient, acme: TestClient) -> None:
    answer = browser.post(PATH, json={"key": key_of(acme)}, headers={"Origin": "https://evil.example.com"})
    assert (answer.status_code, answer.json()["detail"]) == (403, "This was sent by a page of another site.")


def test_a_request_with_a_key_has_no_session(acme: TestClient) -> None:
    assert acme.get(PATH).status_code == 404
    assert acme.delete(PATH).status_code == 204


def test_attempts_to_log_in_are_counted_by_address(served: Storage, acme: TestClient) -> None:
    few = served.settings.model_copy(update={"api_logins_per_minute": 2})
    app = create_app(replace(served, settings=few))

    def attempts(address: str, times: int) -> list[int]:
        client = TestClient(app, base_url=HTTPS, client=(address, 50_000))
        return [client.post(PATH, json={"key": "wrong"}).status_code for _ in range(times)]

    assert attempts("192.0.2.1", 3) == [401, 401, 429]
    assert attempts("192.0.2.2", 1) == [401]
    assert attempts("2001:db8:1:2::1", 2) + attempts("2001:db8:1:2:ffff::1", 1) == [401, 401, 429]
    assert attempts("::ffff:192.0.2.1", 1) + attempts("::ffff:192.0.2.3", 1) == [429, 401]
    refused = TestClient(app, base_url=HTTPS, client=("192.0.2.1", 1)).post(PATH, json={"key": key_of(acme)})
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 60
