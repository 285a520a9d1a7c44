from collections.abc import Callable
from datetime import UTC, date, datetime
from urllib.parse import quote

from fastapi.testclient import TestClient

from usage_pipeline.api.app import create_app
from usage_pipeline.api.kept_answers import KeptAnswers
from usage_pipeline.api.tenant_data import TenantData
from usage_pipeline.listing.pages import Pages
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.pruned import raise_first_kept
from usage_pipeline_tests.api.conftest import client_with_key
from usage_pipeline_tests.support import Landing, land_and_compute, prompt

BOT = quote("initech/bot ü?", safe="")


def test_a_billing_period_has_totals_and_the_resources_that_were_used(
    acme: TestClient, initech: TestClient
) -> None:
    found = initech.get("/v1/usage/fetch").json()
    used = {"bots": 2, "conversations": 1, "personas": 3, "members": 2, "agents": 1, "models": 1}
    assert found.pop("resources") == {**dict.fromkeys(found_resources(), 0), **used}
    assert found == {
        "period": {"from": "2026-05-01", "to": "2026-06-01"},
        "tokens": 301,
        "conversations": 1,
        "messages": 5,
        "missing_days": 0,
        "pruned_days": 0,
    }
    before = acme.get("/v1/usage/fetch", params={"period": "2026-04"}).json()
    assert (before["period"], before["tokens"]) == ({"from": "2026-04-20", "to": "2026-05-20"}, 220)
    to_come = acme.get("/v1/usage/fetch", params={"period": "2026-06"}).json()
    assert (to_come["tokens"], to_come["resources"]["bots"], to_come["missing_days"]) == (None, None, 0)


def found_resources() -> tuple[str, ...]:
    return (
        *("bots", "blueprints", "datasets", "skillsets", "abilities", "contacts", "tasks", "conversations"),
        *("personas", "sessions", "members", "projects", "features", "agents", "models"),
    )


def test_the_records_of_a_bot_are_summed_whatever_its_id_holds(initech: TestClient) -> None:
    days = {"from": "2026-05-18", "to": "2026-05-23"}
    assert initech.get(f"/v1/bots/{BOT}/usage", params=days).json() == {
        "id": "initech/bot ü?",
        "from": "2026-05-18",
        "to": "2026-05-23",
        "records": 3,
        "requests": 0,
        "messages": 2,
        "conversations": 1,
        "tokens": 50,
        "tokens_in": 0,
        "tokens_out": 0,
        "errors": 0,
        "missing_days": 1,
        "pruned_days": 0,
    }
    conversation = initech.get(f"/v1/conversations/{quote('initech/1', safe='')}/usage", params=days).json()
    assert (conversation["id"], conversation["records"], conversation["tokens"]) == ("initech/1", 3, 50)


def test_an_id_that_no_record_has_is_not_found(initech: TestClient) -> None:
    for path in (
        "bots/unknown/usage",
        f"bots/{quote('globex/bot ü?', safe='')}/usage",
        "conversations/globex%2F1/usage",
        "conversations/initech%2F1%0A/usage",
    ):
        answer = initech.get(f"/v1/{path}")
        assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")
        assert answer.json()["detail"].startswith("No record from")


def test_hours_of_the_week_are_those_of_the_tenant(initech: TestClient) -> None:
    found = initech.get("/v1/usage/hours", params={"from": "2026-05-20", "to": "2026-05-23"}).json()
    assert (found["time_zone"], found["missing_days"], len(found["items"])) == ("UTC", 1, 168)
    used = [tuple(hour.values()) for hour in found["items"] if hour["tokens"]]
    assert used == [("Wed", 8, 9, 177), ("Wed", 9, 4, 112), ("Thu", 0, 3, 12)]
    assert [hour["tokens"] for hour in found["items"] if hour["weekday"] == "Mon"] == [None] * 24


def test_days_on_which_a_tenant_had_no_records_have_lost_none(open_shared: Callable[..., Storage]) -> None:
    storage = open_shared()
    for day in (1, 2, 3):
        of_globex = prompt(f"g{day}", f"2026-05-0{day}T08:00:00Z", tenantId="globex")
        of_acme = [prompt("e1", "2026-05-01T08:00:00Z")] if day == 1 else []
        Landing(storage.settings.landing).write("persona", f"2026-05-0{day}", [*of_acme, of_globex])
    land_and_compute(storage, "records", "rollups", "series")
    kept = (Pages(storage), KeptAnswers())
    acme, all_tenants = (
        TenantData(storage, storage.at_once(), *kept, "", tenant, may_read_content=False)
        for tenant in ("acme", None)
    )
    ranges = [(date(2026, 4, 1), last) for last in (date(2026, 5, 31), date(2026, 5, 9), date(2026, 4, 30))]

    def lose(**first_kept: date) -> None:
        with storage.warehouse.begin() as connection:
            raise_first_kept(connection, first_kept)

    assert [acme.pruned_days(*days) for days in ranges] == [(0, False)] * 3
    lose(acme=date(2026, 5, 10))
    assert [acme.pruned_days(*days) for days in ranges] == [(1, False), (1, True), (0, False)]
    assert [all_tenants.pruned_days(*days) for days in ranges] == [(1, False), (1, False), (0, False)]
    lose(globex=date(2026, 5, 3))
    assert [all_tenants.pruned_days(*days) for days in ranges] == [(2, False), (2, False), (0, False)]
    lose(globex=date(2026, 6, 1))
    assert [all_tenants.pruned_days(*days) for days in ranges] == [(3, False), (3, True), (0, False)]


def test_resources_of_a_period_whose_records_are_all_pruned_are_not_known(
    open_shared: Callable[..., Storage],
) -> None:
    storage = open_shared(now=datetime(2026, 6, 2, 12, tzinfo=UTC))
    Landing(storage.settings.landing).write("persona", "2026-05-01", [prompt("e1", "2026-05-01T08:00:00Z")])
    land_and_compute(storage, "records", "rollups", "series")
    acme = client_with_key(create_app(storage), storage, "acme")
    for first_kept, resources in ((date(2026, 5, 2), 0), (date(2026, 6, 1), None)):
        with storage.warehouse.begin() as connection:
            raise_first_kept(connection, {"acme": first_kept})
        found = acme.get("/v1/usage/fetch", params={"period": "2026-05"}).json()
        assert (found["tokens"], found["pruned_days"], found["resources"]["personas"]) == (120, 1, resources)
