"""Exports that go on at the same time, or break off."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread

import httpx
import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from usage_pipeline.client import AsyncClient, Client
from usage_pipeline_tests.api.serving import served_at

Export = Callable[[str, Path, str], None]


def export(address: str, file: Path, order: str) -> None:
    with Client(address, "up_key") as client:
        client.export(file, order=order)


def export_asynchronously(address: str, file: Path, order: str) -> None:
    async def ask() -> None:
        async with AsyncClient(address, "up_key") as client:
            await client.export(file, order=order)

    asyncio.run(ask())


@pytest.fixture
def go_on() -> Iterator[Event]:
    """What slow answers wait for."""
    event = Event()
    yield event
    event.set()


@pytest.fixture
def address(go_on: Event) -> Iterator[str]:
    """A server whose answers are slow in one order, and break off in the other if they go on."""
    app = FastAPI()

    @app.get("/v1/usage/list")
    def usage_list(order: str) -> StreamingResponse:
        def lines() -> Iterator[str]:
            yield f"{order}\n"
            if order == "asc":
                go_on.wait()
            elif go_on.is_set():
                raise ConnectionError
            yield "the end\n"

        return StreamingResponse(lines())

    with served_at(app) as opened:
        yield opened


@pytest.mark.parametrize("ask", [export, export_asynchronously])
def test_two_exports_to_one_file_are_each_whole(ask: Export, address: str, go_on: Event, tmp_path: Path) -> None:
    file = tmp_path / "records.csv"
    slow = Thread(target=ask, args=(address, file, "asc"))
    slow.start()
    while not [*tmp_path.iterdir()]:
        assert slow.is_alive()
    ask(address, file, "desc")
    assert file.read_text() == "desc\nthe end\n"
    go_on.set()
    slow.join()
    assert file.read_text() == "asc\nthe end\n"
    assert [*tmp_path.iterdir()] == [file]


@pytest.mark.parametrize("ask", [export, export_asynchronously])
def test_an_export_that_breaks_off_leaves_nothing(ask: Export, address: str, go_on: Event, tmp_path: Path) -> None:
    go_on.set()
    with pytest.raises(httpx.RemoteProtocolError):
        ask(address, tmp_path / "records.csv", "desc")
    assert [*tmp_path.iterdir()] == []
