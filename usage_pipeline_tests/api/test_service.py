from collections.abc import Callable
from dataclasses import replace

import duckdb
from fastapi.testclient import TestClient

from usage_pipeline.api.app import create_app
from usage_pipeline.storage.opened import Storage


def test_health_and_readiness_need_no_key(served: Storage) -> None:
    client = TestClient(create_app(served))
    for path in ("/health", "/ready"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_metrics_count_by_route_method_and_status_and_name_no_tenant(
    served: Storage, platform: TestClient, acme: TestClient
) -> None:
    app = create_app(served)
    client = TestClient(app, headers={"Authorization": platform.headers["Authorization"]})
    client.get("/v1/days", params={"tenant": "acme"})
    client.get("/v1/days", params={"from": "yesterday"})
    client.get("/v1/acme")
    client.request("ACME", "/v1/days")
    client.get("/metrics", headers={"Authorization": acme.headers["Authorization"]})
    answer = client.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    counted = [line for line in answer.text.splitlines() if line.startswith("usage_api_requests_total")]
    assert sorted(counted) == [
        'usage_api_requests_total{method="(other)",route="/v1/days",status="405"} 1.0',
        'usage_api_requests_total{method="GET",route="(none)",status="404"} 1.0',
        'usage_api_requests_total{method="GET",route="/metrics",status="403"} 1.0',
        'usage_api_requests_total{method="GET",route="/v1/days",status="200"} 1.0',
        'usage_api_requests_total{method="GET",route="/v1/days",status="422"} 1.0',
    ]
    assert 'usage_api_request_seconds_count{method="GET",route="/v1/days"} 2.0' in answer.text
    assert "usage_api_requests_in_progress 1.0" in answer.text
    assert "acme" not in answer.text.lower()


def test_metrics_need_a_key_of_the_platform(served: Storage, client_of: Callable[..., TestClient]) -> None:
    assert TestClient(create_app(served)).get("/metrics").status_code == 401
    assert client_of("acme").get("/metrics").status_code == 403


def test_want_of_memory_is_told_apart_from_damage(served: Storage, acme: TestClient) -> None:
    with duckdb.connect(config={"memory_limit": "100KB", "threads": 1}) as starved:
        client = TestClient(create_app(replace(served, get_engine=lambda: starved)), headers=acme.headers)
        answer = client.get("/v1/usage/list")
    assert (answer.status_code, answer.headers.get("Retry-After")) == (503, "5")
    assert answer.json()["detail"].startswith("The server lacks the memory for this now.")
