"""Parameters: those that a route does not know are refused, and values to filter by are written in one way."""

import pytest
from fastapi.testclient import TestClient

from usage_pipeline.api.parameters import between_commas


@pytest.mark.parametrize(
    ("asked", "field", "detail"),
    [
        ("costs?service_teir=batch", "service_teir", "There is no such parameter; did you mean 'service_tier'?"),
        ("usage/list?meta.region=eu", "meta.region", "There is no such parameter; expected one of abilityId, "),
        ("usage/list?botID=b_2", "botID", "There is no such parameter; did you mean 'botId'?"),
        ("summary?Tenant=globex", "Tenant", "There is no such parameter; did you mean 'tenant'?"),
        ("usage/list?take=1&take=2", "take", "Expected one value, found 2."),
        ("costs?model=,", "model", "Expected at least one value."),
        ("usage/list?meta[plan]=,", "meta[plan]", "Expected at least one value."),
        ("costs?from=20260501", "from", "Expected a day, YYYY-MM-DD."),
        ("costs?from=8999-01-01&to=9001-01-01", "to", "Expected a year from 1972 to 8999"),
        ("usage/fetch?period=2026-13", "period", "Expected a month, YYYY-MM, from 1972 to 8999."),
        ("usage/series/fetch?groupBy=day", "groupBy", "Expected one of source, type, model, "),
        ("credits?at=2026-05-20", "at", "Expected an instant with its zone, such as 2026-05-01T08:00:00Z."),
    ],
)
def test_a_parameter_that_would_not_do_what_it_says_is_refused(
    initech: TestClient, asked: str, field: str, detail: str
) -> None:
    answer = initech.get(f"/v1/{asked}")
    assert answer.status_code == 422
    (problem,) = answer.json()["errors"]
    assert problem["field"] == f"query.{field}"
    assert problem["detail"].startswith(detail)


def test_without_a_key_nobody_is_told_of_parameters(initech: TestClient) -> None:
    assert initech.get("/v1/costs?nosuch=1", headers={"Authorization": ""}).status_code == 401


def test_commas_stand_between_values_unless_a_backslash_is_before_them() -> None:
    assert between_commas(("a, b", r"c\,d\\,e", r"f\g", ",")) == ("a", "b", "c,d\\", "e", r"f\g")


def test_filters_are_written_alike_on_all_routes(initech: TestClient) -> None:
    for route in ("usage/breakdown", "usage/list", "runs"):
        together, apart = (
            initech.get(f"/v1/{route}?{asked}").json()
            for asked in ("type=token,message", "type=token&type=message")
        )
        assert together["items"] == apart["items"]


def test_costs_are_filtered_by_all_that_they_are_grouped_by(initech: TestClient) -> None:
    of_all, of_none = (
        initech.get(f"/v1/costs?service_tier={tier}").json()["total"]["tokens"] for tier in ("(none)", "batch")
    )
    assert (of_all, of_none) == (initech.get("/v1/costs").json()["total"]["tokens"], 0)
