import json
from typing import Any

import pytest
from fastapi.testclient import TestClient

from usage_pipeline_tests.api.usage import MORNING

LIST = "/v1/usage/list"


def ids(client: TestClient, **asked: Any) -> list[str]:
    return [record["id"] for record in client.get(LIST, params=asked).json()["items"]]


def test_a_record_has_its_ids_and_what_else_the_log_said(initech: TestClient) -> None:
    (record,) = initech.get(LIST, params={"botId": "initech-2"}).json()["items"]
    assert record == {
        "id": "initech-r4",
        "type": "token",
        "count": 7,
        "createdAt": MORNING,
        "updatedAt": MORNING,
        **dict.fromkeys(("conversationId", "messageId", "taskId", "contactId", "blueprintId")),
        "botId": "initech-2",
        **dict.fromkeys(("datasetId", "skillsetId", "abilityId")),
        "meta": {"plan": "pro"},
    }


def test_filters_add_up_and_values_with_commas_are_alternatives(initech: TestClient) -> None:
    records = {"initech-r1", "initech-r2", "initech-r3", "initech-r4"}
    assert set(ids(initech, **{"meta[plan]": "pro,free"})) == records
    assert set(ids(initech, **{"meta[plan]": "free"})) == set()
    assert set(ids(initech, type="token,message", conversationId="initech/1")) == {"initech-r1", "initech-r2"}


def test_pages_follow_each_other_in_either_order(initech: TestClient) -> None:
    both = {}
    for order in ("desc", "asc"):
        found, cursor = [], None
        while cursor is not None or not found:
            after = {"cursor": cursor} if cursor else {}
            page = initech.get(LIST, params={"order": order, "take": 3, **after}).json()
            found += [record["id"] for record in page["items"]]
            cursor = page["cursor"]
        both[order] = found
    assert both["asc"] == both["desc"][::-1]
    assert len(set(both["asc"])) == len(both["asc"]) == 17


def test_days_are_half_open(initech: TestClient) -> None:
    of_days = [ids(initech, **{"from": "2026-05-20", "to": day}) for day in ("2026-05-21", "2026-05-22")]
    assert [len(found) for found in of_days] == [15, 17]


def test_a_stream_can_be_a_file(initech: TestClient) -> None:
    asked = {"from": "2026-05-20", "to": "2026-05-21", "type": "token"}
    for name, media_type in {"csv": "text/csv", "jsonl": "application/jsonl"}.items():
        file = initech.get(LIST, params={**asked, "format": name})
        kept_as = f"attachment; filename*=UTF-8''records_initech_2026-05-20_2026-05-20.{name}"
        assert file.headers["Content-Disposition"] == kept_as
        assert file.text == initech.get(LIST, params=asked, headers={"Accept": media_type}).text
    assert initech.get(LIST, params={"format": "xml"}).status_code == 422


def test_a_stream_has_the_same_records_of_any_number(initech: TestClient) -> None:
    lines = initech.get(LIST, headers={"Accept": "application/jsonl"})
    assert lines.headers["Content-Type"] == "application/jsonl"
    assert [json.loads(line) for line in lines.text.splitlines()] == initech.get(LIST).json()["items"]
    csv = initech.get(LIST, params={"take": 2}, headers={"Accept": "text/csv"})
    assert csv.headers["Content-Type"].startswith("text/csv")
    assert [line.split('"')[1] for line in csv.text.splitlines()] == ["id", *ids(initech, take=2)]


@pytest.mark.parametrize(
    ("asked", "accept", "field"),
    [
        ({"take": 101}, "application/json", "query.take"),
        ({"take": 0}, "text/csv", "query.take"),
        ({"cursor": "x"}, "text/csv", "query.cursor"),
        ({"order": "sideways"}, "application/json", "query.order"),
    ],
)
def test_what_cannot_be_is_named(initech: TestClient, asked: dict[str, Any], accept: str, field: str) -> None:
    answer = initech.get(LIST, params=asked, headers={"Accept": accept})
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (422, [field])


def test_a_cursor_belongs_to_the_list_of_its_tenant(initech: TestClient, platform: TestClient) -> None:
    cursor = platform.get(LIST, params={"tenant": "globex", "take": 1}).json()["cursor"]
    refused = initech.get(LIST, params={"take": 1, "cursor": cursor})
    assert refused.status_code == 422
    assert refused.json()["detail"].startswith("The cursor belongs to another list.")


def test_a_list_of_all_says_whose_each_record_is(platform: TestClient) -> None:
    found = {record["tenantId"] for record in platform.get(LIST).json()["items"]}
    assert found == {"acme", "globex", "initech"}
