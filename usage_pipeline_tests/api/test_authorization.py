"""No key of a tenant reads a byte of another one, by whatever route and in whatever way it asks."""

import re
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from fastapi.testclient import TestClient

from usage_pipeline.alerts.raising import settle_credits_and_limits
from usage_pipeline.api.access import tenant_data
from usage_pipeline.api.app import described_app
from usage_pipeline.keys.keys import Scope
from usage_pipeline.reports.batch import Batch
from usage_pipeline.reports.writing import write_reports
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.api.routes.test_reports import DAYS
from usage_pipeline_tests.limits.reading import limit, write_limits

OTHER = "globex"
WITHOUT_DATA = {"/v1/openapi.json", "/health", "/ready", "/v1/session"}
"""Routes that read nothing of any tenant; `/v1/session` says what is known of the key that is shown."""

PATHS = {
    "resource_id": ("globex/bot ü?", "globex/1"),
    "run_id": ("globex-first",),
    "name": (DAYS.name,),
    "file": ("report.json", "manifest.json"),
}
"""What of the other tenant can be named in a path."""
QUERIES: tuple[dict[str, Any], ...] = (
    {},
    {"tenant": OTHER},
    {"tenant": ["acme", OTHER]},
    {"groupBy": "tenant", "metrics": "records", "botId": "globex/bot ü?"},
    {"member_id": ["globex-eve", "ann"], "agent": ["globex-agent", "(none)"]},
)
ALLOWED = QUERIES[0], QUERIES[3]
"""Those that name no other tenant, so that they are answered."""
OF_THE_PLATFORM = {"/metrics", "/v1/tenants", "/v1/quality"}
BODY = {"type": "persona_prompt", "credits": "100000"}


APP = described_app()
ROUTES = [route for route in iter_route_contexts(APP.routes) if route.path not in WITHOUT_DATA]


def without_converters(route: RouteContext) -> str:
    """The path as the description has it: `{run_id}` without how it is read."""
    return re.sub(r":\w+\}", "}", str(route.path))


def known(route: RouteContext, query: dict[str, Any]) -> dict[str, Any]:
    """The parameters that the route does not refuse because it does not know them."""
    (operation,) = APP.openapi()["paths"][without_converters(route)].values()
    names = {parameter["name"] for parameter in operation.get("parameters", [])}
    return {name: value for name, value in query.items() if name in names}


def asked_of(client: TestClient, route: RouteContext, query: dict[str, Any]) -> Iterator[Any]:
    """Ask a route for everything of the other tenant, also with the cursors that its owner gets."""
    names = re.findall(r"\{(\w+)", str(route.path))
    for values in product(*(PATHS[name] for name in names)):
        path = without_converters(route)
        for name, value in zip(names, values, strict=True):
            path = path.replace(f"{{{name}}}", quote(value, safe=""))
        for method in route.methods or ():
            yield client.request(method, path, params=query, json=BODY if method == "POST" else None)


def uses_tenant_data(dependant: Dependant) -> bool:
    return dependant.call is tenant_data or any(map(uses_tenant_data, dependant.dependencies))


@pytest.fixture(scope="module")
def everywhere(served: Storage) -> Storage:
    """The other tenant has something to be read by every route."""
    write_limits(served, limit("records", 1, tenant=OTHER, id="globex-limit"))
    settle_credits_and_limits(served)
    list(write_reports(Batch(served, DAYS, (), (OTHER,)), ("json", "csv")))
    return served


def test_every_route_binds_its_request_to_a_tenant() -> None:
    assert [
        route.path
        for route in ROUTES
        if not isinstance(route.original_route, APIRoute) or not uses_tenant_data(route.original_route.dependant)
    ] == []
    assert "/v1/usage/breakdown" in {route.path for route in ROUTES}


@pytest.mark.usefixtures("everywhere")
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.path)
def test_a_key_reads_no_byte_of_another_tenant(
    route: RouteContext, platform: TestClient, client_of: Callable[..., TestClient]
) -> None:
    of_owner = list(asked_of(platform, route, known(route, {"tenant": OTHER, "take": 1})))
    assert {200, 402}.intersection(answer.status_code for answer in of_owner), "there is nothing to be read"
    cursors = [cursor for answer in of_owner for cursor in re.findall(r'"cursor":"([^"]+)"', answer.text)]
    acme = client_of("acme", Scope.CONTENT)
    answers = [
        (query, answer)
        for query in (*QUERIES, *({"cursor": cursor} for cursor in cursors))
        for answer in asked_of(acme, route, known(route, query))
    ]
    assert [query for query, answer in answers if OTHER.encode() in answer.content] == []
    expected = {403} if route.path in OF_THE_PLATFORM else {200, 402, 404}
    for query in ALLOWED:
        assert {answer.status_code for asked, answer in answers if asked is query} <= expected
