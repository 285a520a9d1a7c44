"""Requests that take too long, hang or stand still, and clients that leave."""

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from threading import Event
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI
from fastapi.responses import StreamingResponse
from fastapi.testclient import TestClient
from sqlalchemy import text

from usage_pipeline.api.access import storage_of
from usage_pipeline.api.app import create_app
from usage_pipeline.api.serving import connections_of
from usage_pipeline.storage.engine import session
from usage_pipeline.storage.opened import Storage, open_storage
from usage_pipeline_tests.api.conftest import lines

QUICKLY = 1
"""Seconds after which this app gives up."""
TOO_LONG = "This took too long. Ask for fewer days, or for less at a time."
released = Event()
begun, ended = Event(), Event()


@pytest.fixture(scope="module")
def app(served: Storage) -> FastAPI:
    """The app with four routes more."""
    settings = served.settings.model_copy(update={"api_timeout_seconds": QUICKLY})
    app = create_app(replace(served, settings=settings))
    app.add_api_route("/hangs", hangs)
    app.add_api_route("/stands-still", stands_still)
    app.add_api_route("/breaks", breaks)
    app.add_api_route("/computes", computes)
    return app


def hangs() -> None:
    released.wait()


def stands_still() -> StreamingResponse:
    async def pieces() -> AsyncIterator[str]:
        yield "first"
        await asyncio.Event().wait()

    return StreamingResponse(pieces())


def breaks() -> StreamingResponse:
    def pieces() -> Iterator[str]:
        yield "first"
        raise ZeroDivisionError

    return StreamingResponse(pieces())


def takes_long(storage: Annotated[Storage, Depends(storage_of)]) -> None:
    with storage.warehouse.connect() as connection:
        connection.detach()  # no other request has this limit
        connection.execute(text("SET statement_timeout = 1"))
        connection.execute(text("SELECT pg_sleep(5)"))


def computes(storage: Annotated[Storage, Depends(storage_of)]) -> None:
    ended.clear()
    try:
        with session(storage.engine) as duck:
            begun.set()
            duck.execute("SELECT sum(hash(a.range * b.range)) FROM range(1000000000) AS a, range(1000) AS b")
    finally:
        ended.set()


@pytest.fixture(scope="module")
def client(app: FastAPI) -> Iterator[TestClient]:
    """A client without a key."""
    with TestClient(app) as client:
        yield client


def test_a_request_that_takes_too_long_is_given_up(client: TestClient, log: io.StringIO) -> None:
    try:
        answer = client.get("/hangs")
    finally:
        released.set()
    assert (answer.status_code, answer.json()["detail"]) == (504, TOO_LONG)
    assert [line["status"] for line in lines(log)] == [504]


def test_a_request_whose_statement_takes_too_long_is_given_up(served: Storage, log: io.StringIO) -> None:
    app = create_app(served)
    app.add_api_route("/takes-long", takes_long)
    with TestClient(app) as client:
        answer = client.get("/takes-long")
    assert (answer.status_code, answer.json()["detail"]) == (504, TOO_LONG)
    assert [line["status"] for line in lines(log)] == [504]


def test_statements_of_a_server_end_when_its_requests_do(served: Storage) -> None:
    with open_storage(served.settings, connections_of(served.settings)) as opened:
        warehouse = create_app(opened).state.storage.warehouse
        for _ in range(2):
            with warehouse.connect() as connection:
                assert connection.execute(text("SHOW statement_timeout")).scalar_one() == "30s"


def test_the_work_for_a_request_whose_time_is_over_has_ended_when_that_is_told(client: TestClient) -> None:
    assert client.get("/computes").status_code == 504
    assert ended.is_set()


async def nothing_more() -> Any:
    await asyncio.Event().wait()


def answered(app: FastAPI, path: str, then: Callable[[], Awaitable[Any]] = nothing_more) -> list[dict[str, Any]]:
    """Return what is sent to a client that asks for a path, and the body of whose request is followed by this."""
    sent: list[dict[str, Any]] = []
    messages = iter([{"type": "http.request"}])

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return next(messages, None) or await then()

    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": [], "scheme": "http"}
    asyncio.run(app(scope, receive, send))
    return sent


def test_the_work_for_a_client_that_has_left_ends(app: FastAPI, log: io.StringIO) -> None:
    async def leave() -> Any:
        await asyncio.to_thread(begun.wait)
        return {"type": "http.disconnect"}

    begun.clear()
    assert answered(app, "/computes", leave) == []
    assert ended.is_set()
    assert [line["status"] for line in lines(log)] == [499]


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/stands-still", TOO_LONG),
        ("/breaks", "ZeroDivisionError"),
    ],
)
def test_a_stream_that_does_not_come_to_its_end_is_cut_and_the_log_says_why(
    app: FastAPI, log: io.StringIO, path: str, why: str
) -> None:
    assert [message.get("body") for message in answered(app, path)] == [None, b"first"]
    cut, _ = lines(log)
    assert cut["message"].startswith("An answer was cut after a part of it was sent")
    assert why in f"{cut['message']} {cut.get('exception')}"


def test_a_request_that_outlasts_the_time_to_stop_is_cut_and_the_log_says_so(
    app: FastAPI, log: io.StringIO
) -> None:
    async def stop() -> Any:
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    answered(app, "/stands-still", stop)
    cut, _ = lines(log)
    assert (cut["level"], cut["message"]) == ("warning", "An answer was cut because the server stops.")
