from fastapi.testclient import TestClient


def test_me_says_who_asks_and_what_there_is_to_read(acme: TestClient) -> None:
    assert acme.get("/v1/me").json() == {
        "name": "test",
        "tenant": "acme",
        "tenant_name": None,
        "scopes": ["tenant"],
        "platform_name": "AI platform",
        "time_zone": "UTC",
        "today": "2026-05-22",
        "first_day": "2026-05-18",
        "last_day": "2026-05-21",
    }


def test_tenants_are_those_with_an_entry_or_usage_and_for_the_platform_alone(
    acme: TestClient, platform: TestClient
) -> None:
    assert [item["id"] for item in platform.get("/v1/tenants").json()["items"]] == ["acme", "globex", "initech"]
    assert acme.get("/v1/tenants").status_code == 403
