import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from usage_pipeline.api.app import create_app
from usage_pipeline.api.problems import ProblemError
from usage_pipeline.api.rate_limits import Kind, RateLimits
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage

STREAM = {"Accept": "application/jsonl"}


@pytest.fixture
def asking(served: Storage) -> Callable[[TestClient], TestClient]:
    """Gives a client with the key of another one, on an app that answers two requests a minute, one heavy one."""
    few = {"api_requests_per_minute": 2, "api_heavy_requests_per_minute": 1}
    app = create_app(replace(served, settings=served.settings.model_copy(update=few)))
    return lambda client: TestClient(app, headers={"Authorization": client.headers["Authorization"]})


def statuses(client: TestClient, path: str, times: int, **headers: str) -> list[int]:
    return [client.get(path, headers=headers).status_code for _ in range(times)]


def test_what_is_left_is_told_and_more_is_refused(
    asking: Callable[[TestClient], TestClient], acme: TestClient
) -> None:
    client = asking(acme)
    first, second, third = (client.get("/v1/days") for _ in range(3))
    assert [answer.status_code for answer in (first, second, third)] == [200, 200, 429]
    assert [answer.headers["RateLimit"].rpartition(";")[0] for answer in (first, second, third)] == [
        '"requests";r=1',
        '"requests";r=0',
        '"requests";r=0',
    ]
    assert {answer.headers["RateLimit-Policy"] for answer in (first, second, third)} == {'"requests";q=2;w=60'}
    wait = int(third.headers["Retry-After"])
    assert 0 < wait <= 60
    assert third.json()["detail"] == f"2 of these are answered each minute. Ask again in {wait} seconds."


def test_each_key_and_each_route_is_counted_alone(
    asking: Callable[[TestClient], TestClient], acme: TestClient, platform: TestClient
) -> None:
    assert statuses(asking(acme), "/v1/days", 3) == [200, 200, 429]
    assert statuses(asking(acme), "/metrics", 3) == [403, 403, 429]
    assert statuses(asking(platform), "/v1/days", 3) == [200, 200, 429]


def test_a_stream_counts_as_heavy(asking: Callable[[TestClient], TestClient], acme: TestClient) -> None:
    assert statuses(asking(acme), "/v1/days", 2, **STREAM) == [200, 429]
    assert statuses(asking(acme), "/v1/usage/list?format=csv", 2) == [200, 429]
    assert statuses(asking(acme), "/v1/usage/list", 2, Accept="text/csv;q=0.1, */*") == [200, 200]


@pytest.mark.parametrize(
    ("asked", "second"),
    [("timezone=UTC", 200), ("timezone=Asia/Kolkata", 429), ("interval=hour&timezone=UTC", 429)],
)
def test_hours_and_days_of_other_zones_count_as_heavy(
    asking: Callable[[TestClient], TestClient], acme: TestClient, asked: str, second: int
) -> None:
    path = f"/v1/usage/series/fetch?from=2026-05-18&to=2026-05-19&{asked}"
    assert statuses(asking(acme), path, 2) == [200, second]


def test_an_answer_that_is_a_problem_tells_what_is_left_too(
    asking: Callable[[TestClient], TestClient], acme: TestClient
) -> None:
    answer = asking(acme).get("/v1/days", params={"from": "yesterday"})
    assert (answer.status_code, answer.headers["RateLimit"].rpartition(";")[0]) == (422, '"requests";r=1')


def test_a_request_counts_for_a_minute(settings: Settings) -> None:
    seconds = iter((0.0, 20.5, 59.9, 60.0, 60.1))
    limits = RateLimits(settings.model_copy(update={"api_requests_per_minute": 2}), lambda: next(seconds))
    assert limits.take(Kind.REQUESTS, "key")["RateLimit"] == '"requests";r=1;t=60'
    assert limits.take(Kind.REQUESTS, "key")["RateLimit"] == '"requests";r=0;t=40'
    with pytest.raises(ProblemError) as refused:
        limits.take(Kind.REQUESTS, "key")
    assert refused.value.headers["Retry-After"] == "1"
    assert limits.take(Kind.REQUESTS, "key")["RateLimit"] == '"requests";r=0;t=21'
    with pytest.raises(ProblemError) as refused:
        limits.take(Kind.REQUESTS, "key")
    assert refused.value.headers["Retry-After"] == "21"


def test_who_asks_no_more_is_forgotten(settings: Settings) -> None:
    seconds = iter((0.0, 30.0, 61.0, 200.0))
    limits = RateLimits(settings, lambda: next(seconds))
    remembered = []
    for who in ("a", "b", "c", "c"):
        limits.take(Kind.REQUESTS, who)
        remembered.append(len(limits))
    assert remembered == [1, 2, 2, 1]


@pytest.fixture
def _hasty_threads() -> Iterator[None]:
    """Threads take turns as often as they can."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("_hasty_threads")
def test_threads_that_count_together_count_each_request_once(settings: Settings) -> None:
    limits = RateLimits(settings.model_copy(update={"api_requests_per_minute": 1_500}))

    def status(_: int) -> int:
        try:
            limits.take(Kind.REQUESTS, "key", "/v1/days")
        except ProblemError as refused:
            return refused.problem.status
        return 200

    with ThreadPoolExecutor(8) as pool:
        assert Counter(pool.map(status, range(2_000))) == {200: 1_500, 429: 500}
