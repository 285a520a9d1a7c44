"""What the clients ask: all that is given and nothing else, and again where a server says when."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI, Response
from fastapi.testclient import TestClient

from usage_pipeline.client import AsyncClient, Client, UsageError
from usage_pipeline_tests.api.serving import Served, served_at


@pytest.fixture(scope="module")
def of_platform(acme_served: Served, platform: TestClient) -> Iterator[Client]:
    """A client that may read all tenants."""
    key = platform.headers["Authorization"].removeprefix("Bearer ")
    with Client(acme_served.address, key) as opened:
        yield opened


@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.costs("model", where={"project": []}),
        lambda client: client.breakdown(where={"model": ()}),
        lambda client: next(client.records(where={"botId": []})),
        lambda client: client.export(Path("nowhere/x.csv"), where={"botId": iter(())}),
        lambda client: client.get("/runs", status=[]),
        lambda client: client.check("persona_prompt", tenant="acme", project=[]),
    ],
)
def test_an_empty_list_is_no_question_for_all(of_platform: Client, ask: Callable[[Client], object]) -> None:
    with pytest.raises(ValueError, match=r"^`\w+` is empty: name a value, or leave it out to ask for all\.$"):
        ask(of_platform)


@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.costs(tenant=""),
        lambda client: client.breakdown(where={"project": ""}),
        lambda client: client.check("persona_prompt", tenant="acme", member_id=""),
    ],
)
def test_an_empty_text_is_sent_and_refused(of_platform: Client, ask: Callable[[Client], object]) -> None:
    with pytest.raises(UsageError, match=r"^422: "):
        ask(of_platform)


def test_groups_and_measures_may_be_none(of_platform: Client) -> None:
    total = of_platform.breakdown([], ["requests"])["items"]
    assert total == of_platform.breakdown((), "requests")["items"]
    assert [len(total), len(of_platform.forecast([])["items"]) > 1] == [1, True]


@pytest.fixture
def answers() -> list[int]:
    """The statuses with which the server answers, one by one."""
    return []


@pytest.fixture
def address(answers: list[int]) -> Iterator[str]:
    """A server that answers with these, and says to ask again at once."""
    app = FastAPI()

    @app.get("/v1/usage/list")
    def usage_list() -> Response:
        return Response("a line\n", answers.pop(0), {"Retry-After": "0"})

    with served_at(app) as opened:
        yield opened


def test_an_export_is_asked_for_again_when_the_api_says(address: str, answers: list[int], tmp_path: Path) -> None:
    async def export(file: Path) -> None:
        async with AsyncClient(address, "up_key", retries=2) as other:
            await other.export(file)

    answers[:] = [429, 503, 200, 503, 429, 200]
    with Client(address, "up_key", retries=2) as client:
        client.export(tmp_path / "one.csv")
        asyncio.run(export(tmp_path / "other.csv"))
        assert [path.read_text() for path in sorted(tmp_path.iterdir())] == ["a line\n", "a line\n"]
        answers[:] = [503, 503, 503, 200]
        with pytest.raises(UsageError, match="503"):
            client.export(tmp_path / "third.csv")
    assert (answers, (tmp_path / "third.csv").exists()) == ([200], False)
