"""The client, against a server."""

import asyncio
import inspect
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TypedDict

import httpx
import pytest

from usage_pipeline.client import AsyncClient, Client, UsageError
from usage_pipeline.client.sending import seconds_to_wait
from usage_pipeline_tests.api.serving import Served

NOW = datetime(2026, 5, 22, 12, tzinfo=UTC)


class Days(TypedDict):
    start: date
    end: date


DAYS = Days(start=date(2026, 5, 18), end=date(2026, 5, 22))


@pytest.fixture(scope="module")
def client(acme_served: Served) -> Iterator[Client]:
    with Client(acme_served.address, acme_served.key) as opened:
        yield opened


def test_sums_and_series_are_those_of_the_api(client: Client) -> None:
    tokens = client.series(**DAYS)["tokens"]
    assert isinstance(tokens, list)
    assert [point["total"] for point in tokens] == [150, 70, 40, 5]
    by_model = client.costs("model", **DAYS)["items"]
    first = client.costs("model", take=1, **DAYS)
    assert (first["items"], first["left_out"]) == (by_model[:1], len(by_model) - 1)
    assert {row["model"]: row["amount"] for row in by_model} == {"x": "255", "y": None}
    by_member = client.breakdown(["member_id"], "tokens_total", where={"model": "x"}, **DAYS)["items"]
    assert {row["member_id"]: row["tokens_total"] for row in by_member} == {"ann": 205, "bob": 50}


def test_what_is_expected_and_what_changed_is_that_of_the_api(client: Client) -> None:
    found = client.forecast(["cost", "requests"], as_of=date(2026, 5, 20))
    assert (found["as_of"], [item["measure"] for item in found["items"]]) == ("2026-05-20", ["cost", "requests"])
    told = client.insights("requests", dimension="member_id", days=1)
    assert [share["value"] for share in told["shares"][0]["items"]] == ["ann", "bob", "(none)"]


def test_records_come_page_by_page_and_once_each(client: Client) -> None:
    assert [record["id"] for record in client.records(take=2)] == ["a4", "n1", "a3", "b2", "a2", "b1", "a1"]
    assert [record["id"] for record in client.records(where={"type": ["persona_list", "a,b"]})] == ["n1"]
    assert list(client.records(where={"type": "persona_list,persona_prompt"})) == []


def test_an_export_is_written_whole_or_not_at_all(client: Client, tmp_path: Path) -> None:
    client.export(tmp_path / "records.csv", order="asc")
    lines = (tmp_path / "records.csv").read_text().splitlines()
    assert [line.split('"')[1] for line in lines] == ["id", "a1", "b1", "a2", "b2", "a3", "n1", "a4"]
    with pytest.raises(UsageError, match="422"):
        client.export(tmp_path / "other.jsonl", order="sideways")
    with pytest.raises(
        ValueError, match=r"The form of x\.txt is not known; expected a name with \.csv or \.jsonl"
    ):
        client.export(tmp_path / "x.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["records.csv"]


def test_a_gateway_gets_what_it_answers(client: Client) -> None:
    allowed, refused = client.check("persona_list"), client.check("persona_prompt", credits=100_000)
    assert (allowed.allowed, allowed.status, allowed.as_of) == (True, 200, NOW)
    assert (refused.allowed, refused.status, refused.body["requiredCredits"]) == (False, 402, 100_000)


def test_what_the_api_refuses_is_an_error_with_the_fields_at_fault(client: Client) -> None:
    with pytest.raises(UsageError) as refused:
        client.series(interval="fortnight")
    assert (refused.value.status, refused.value.errors[0]["field"]) == (422, "query.interval")
    assert refused.value.request_id
    with pytest.raises(UsageError, match="403: This key reads no other tenant than acme"):
        client.check("persona_list", tenant="globex")


def test_a_key_may_end_with_a_new_line_and_no_error_shows_it(acme_served: Served) -> None:
    with Client(acme_served.address, f" {acme_served.key}\n") as client:
        assert client.me()["tenant"] == "acme"
    for wrong in ("up_0123456789ab_secret\nmore", "up_secretü", " \n"):
        with pytest.raises(
            ValueError, match=r"^The API key .*Expected one of `usage-pipeline keys create`"
        ) as refused:
            Client(acme_served.address, wrong)
        assert "secret" not in str(refused.value)


def test_several_groups_that_are_no_list_are_refused_with_what_is_expected(client: Client) -> None:
    with pytest.raises(TypeError, match=r"Several groups are one list: \[\"model\", \"class\"\]"):
        client.costs("model", "class")  # type: ignore[arg-type]  # the mistake that is told


def test_credits_and_limits_are_those_of_an_instant(client: Client) -> None:
    at = datetime(2026, 5, 21, 12, tzinfo=UTC)
    assert client.credits(at=at)["as_of"] == "2026-05-21T12:00:00Z"
    with pytest.raises(UsageError, match="2026-05-23"):
        client.limits(at=datetime(2026, 5, 23, tzinfo=UTC))


def test_the_other_client_answers_the_same(client: Client, acme_served: Served, tmp_path: Path) -> None:
    async def ask() -> tuple[object, ...]:
        async with AsyncClient(acme_served.address, acme_served.key) as other:
            await other.export(tmp_path / "records.jsonl")
            with pytest.raises(UsageError):
                await other.get("/nothing")
            return (
                await other.me(),
                await other.series(**DAYS),
                await other.costs("model", **DAYS),
                [record async for record in other.records(take=3)],
                (await other.check("persona_list")).status,
            )

    same = (client.me(), client.series(**DAYS), client.costs("model", **DAYS), [*client.records()], 200)
    assert asyncio.run(ask()) == same
    assert len((tmp_path / "records.jsonl").read_text().splitlines()) == len(same[3])


def test_both_clients_have_the_same_methods() -> None:
    def methods(of: type) -> dict[str, str]:
        public = {name: member for name, member in vars(of).items() if not name.startswith("_")}
        return {name: str(inspect.signature(member)).split(" -> ")[0] for name, member in public.items()}

    assert methods(Client) == methods(AsyncClient)


@pytest.mark.parametrize(
    ("status", "headers", "tries", "seconds"),
    [
        (429, {"Retry-After": "7"}, 0, 7),
        (503, {}, 2, 4),
        (503, {"Retry-After": "3600"}, 0, 60),
        (429, {"Retry-After": "7"}, 3, None),
        (500, {}, 0, None),
    ],
)
def test_it_asks_again_when_the_api_says(
    status: int, headers: dict[str, str], tries: int, seconds: float | None
) -> None:
    assert seconds_to_wait(httpx.Response(status, headers=headers), tries, retries=3) == seconds
