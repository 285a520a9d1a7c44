"""What the description says is what the API does: schemathesis asks every route, and for more than it allows."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.openapi import from_asgi
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from usage_pipeline.api.app import create_app, described_app
from usage_pipeline.keys.keys import Scope
from usage_pipeline.storage.opened import Storage

Asked = dict[str, Any]
"""The app that is asked, and the key that is shown."""

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]
FEW = settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
MANY = settings(FEW, max_examples=100)
UNLIMITED = dict.fromkeys(
    ("api_requests_per_minute", "api_heavy_requests_per_minute", "api_logins_per_minute"), 1_000_000
)


schema = from_asgi("/v1/openapi.json", described_app())


@pytest.fixture(scope="module")
def asked(served: Storage, client_of: Callable[..., TestClient]) -> Asked:
    unlimited = replace(served, settings=served.settings.model_copy(update=UNLIMITED))
    key = client_of("initech", Scope.CONTENT).headers["Authorization"]
    return {"app": create_app(unlimited), "headers": {"Authorization": key}}


@schema.parametrize()
@FEW
def test_no_request_fails_the_server_or_gets_what_is_not_described(case: Case, asked: Asked) -> None:
    ask(case, asked)


@pytest.mark.acceptance
@schema.parametrize()
@MANY
def test_many_requests_do_not_either(case: Case, asked: Asked) -> None:
    ask(case, asked)


def ask(case: Case, asked: Asked) -> None:
    case.query.pop("tenant", None)  # nearly all are unknown, and what is asked of them is not looked at
    case.call_and_validate(checks=CHECKS, **asked)
