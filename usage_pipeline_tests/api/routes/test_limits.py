"""Credits, limits and alerts, which a gateway and a tenant read to know what is left."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest
from fastapi.testclient import TestClient

from usage_pipeline.alerts.raising import settle_credits_and_limits
from usage_pipeline.storage.opened import Storage
from usage_pipeline.validation.checks import Severity
from usage_pipeline.validation.results import CheckResult, CheckRun, keep_results
from usage_pipeline_tests.api.conftest import NOW
from usage_pipeline_tests.limits.reading import limit, write_limits

NO_CREDITS = (
    '{"error":"Insufficient credits","requiredCredits":1200,"availableCredits":67.5,'
    '"action":"upgrade_or_topup","billingPath":"/dashboard/billing"}'
)
NOT_COME = {"at": "2026-05-22T12:00:01Z"}


@pytest.fixture(scope="module", autouse=True)
def _limits(served: Storage) -> Iterator[None]:
    tokens = limit("tokens_total", 150, "day", id="day")
    blocking = limit("records", 4, action="block", scope="{member_id: ann}", id="ann")
    write_limits(served, tokens, blocking, limit("records", 1, tenant="globex", id="globex-limit"))
    settle_credits_and_limits(served)
    yield
    write_limits(served)


def test_credits_are_those_of_an_instant_by_grant_and_by_day(acme: TestClient) -> None:
    found = acme.get("/v1/credits", params={"at": "2026-05-21T00:00:00Z", "days": 2}).json()
    assert [(grant["grant_id"], grant["used"], grant["left"]) for grant in found["grants"]] == [
        ("allocation/2026-05-20", "30", "70"),
        ("allocation/2026-04-20", "100", "0"),
    ]
    assert found["totals"] == {"granted": "200", "used": "130", "gone": "0", "overage": "0", "left": "70"}
    assert [day["day"] for day in found["days"]] == ["2026-05-19", "2026-05-20"]
    assert found["days"][1] == {"day": "2026-05-20", "granted": "100", "used": "20", "gone": "0", "left": "70"}
    assert acme.get("/v1/credits").json()["totals"]["left"] == "67.5"


def test_days_of_credits_end_with_today_and_missing_ones_have_no_usage(acme: TestClient) -> None:
    *_, last = acme.get("/v1/credits", params={"days": 3}).json()["days"]
    assert (last["day"], last["used"], last["left"]) == (str(NOW.date()), None, "67.5")
    (ended,) = acme.get("/v1/credits", params={"at": "2026-05-20T23:59:59Z", "days": 1}).json()["days"]
    assert ended["day"] == "2026-05-20"


def test_credits_are_of_one_tenant_and_of_the_past(acme: TestClient, platform: TestClient) -> None:
    assert platform.get("/v1/credits").json()["errors"][0]["field"] == "query.tenant"
    assert acme.get("/v1/credits", params=NOT_COME).status_code == 422
    assert acme.get("/v1/credits", params={"at": "0001-01-01T00:00:00+10:00"}).status_code == 422


def test_an_instant_is_the_same_in_every_zone(acme: TestClient) -> None:
    for path in ("/v1/limits", "/v1/credits"):
        in_utc, in_tokyo = (
            acme.get(path, params={"at": at}).json()
            for at in ("2026-05-20T20:00:00Z", "2026-05-21T05:00:00+09:00")
        )
        assert in_tokyo == in_utc


def test_limits_say_what_is_used_of_them(acme: TestClient, platform: TestClient) -> None:
    day, ann = acme.get("/v1/limits", params={"at": "2026-05-19T00:00:00Z"}).json()["items"]
    assert day | {"as_of": ""} == {
        "limit_id": "day",
        "tenant_id": "acme",
        "member_id": "",
        "project": "",
        "model": "",
        "metric": "tokens_total",
        "period": "day",
        "first_day": "2026-05-19",
        "last_day": "2026-05-19",
        "amount": "150",
        "used": "0",
        "remaining": "150",
        "share": "0",
        "threshold": None,
        "first_day_over": None,
        "projected": None,
        "incomplete": False,
        "missing_days": 0,
        "action": "alert",
        "as_of": "",
    }
    assert (ann["member_id"], ann["used"], ann["as_of"]) == ("ann", "1", "2026-05-19T00:00:00Z")
    assert [item["limit_id"] for item in platform.get("/v1/limits").json()["items"]] == [
        "day",
        "ann",
        "globex-limit",
    ]


@pytest.mark.parametrize(
    ("asked", "status", "body"),
    [
        ({"type": "persona_list"}, 200, '{"allowed":true}'),
        ({"type": "persona_list", "member_id": "ann"}, 403, '{"error":"Usage limit exceeded"}'),
        (
            {"type": "persona_prompt", "credits": "1200"},
            402,
            NO_CREDITS,
        ),
    ],
)
def test_a_gateway_gets_the_answer_that_it_passes_on(
    acme: TestClient, asked: dict[str, str], status: int, body: str
) -> None:
    answer = acme.post("/v1/limits/check", json=asked)
    assert (answer.status_code, answer.text, answer.headers["X-As-Of"]) == (status, body, "2026-05-22T12:00:00Z")


def test_alerts_are_the_newest_of_the_tenant(acme: TestClient, platform: TestClient) -> None:
    def raised(client: TestClient, **asked: str | int) -> list[tuple[str, str, int | None, bool]]:
        items = client.get("/v1/alerts", params={"kind": "limit", **asked}).json()["items"]
        return [(item["tenant_id"], item["subject"], item["threshold"], item["passed"]) for item in items]

    assert raised(acme) == [("acme", "ann", 50, True), ("acme", "ann", 80, True), ("acme", "ann", 100, False)]
    assert raised(acme, state="resolved") == []
    assert raised(platform, tenant="globex", take=1) == [("globex", "globex-limit", 50, True)]
    assert {alert[0] for alert in raised(platform)} == {"acme", "globex"}


def test_failed_checks_are_for_the_platform_alone(acme: TestClient, platform: TestClient, served: Storage) -> None:
    found = CheckResult("usage_records", date(2026, 5, 20), "a_check", None, Severity.WARNING, "1 row", "none")
    results = [replace(found, success=False), replace(found, check_name="another", success=True)]
    with served.warehouse.begin() as connection:
        keep_results(connection, [found.table_name], [found.day], results, CheckRun("test", "run", NOW))
    assert platform.get("/v1/quality").json()["items"] == [
        {
            "day": "2026-05-20",
            "table": "usage_records",
            "check": "a_check",
            "result": "warning",
            "observed": "1 row",
            "expected": "none",
        }
    ]
    assert acme.get("/v1/quality").status_code == 403
