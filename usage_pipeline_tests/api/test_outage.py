"""What clients see while the database is away, and that nothing has to be done when it is back."""

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from queue import Queue
from threading import Event
from time import monotonic

import psycopg
import pytest
from fastapi.testclient import TestClient
from httpx import Response
from pydantic import SecretStr
from sqlalchemy import make_url
from sqlalchemy.exc import TimeoutError as NoConnectionError

from usage_pipeline.api import service
from usage_pipeline.api.app import create_app
from usage_pipeline.api.serving import connections_of
from usage_pipeline.errors import WarehouseError
from usage_pipeline.keys.keys import NewKey, Scope, create_key
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage, open_storage
from usage_pipeline.storage.postgres import database_urls, revive_embedded_server
from usage_pipeline.storage.warehouse import Connections, connect_warehouse
from usage_pipeline_tests.api.conftest import NOW
from usage_pipeline_tests.conftest import settings_of
from usage_pipeline_tests.server import database_of

THREADS = 4
SECONDS = 120
AWAY = {
    "type": "about:blank",
    "title": "Service Unavailable",
    "status": 503,
    "detail": "The database cannot be reached. Ask again in 5 seconds.",
    "errors": [],
}


class Load:
    """Threads that ask all the time, and their answers."""

    def __init__(self, storage: Storage) -> None:
        """Take a storage whose settings allow any number of requests."""
        app = create_app(storage)
        with storage.warehouse.begin() as connection:
            key = create_key(connection, NewKey("load", None, frozenset({Scope.PLATFORM}), "test"), NOW)
        self.client = TestClient(app, headers={"Authorization": f"Bearer {key}"})
        self.stopped = Event()
        self.answers: Queue[Response] = Queue(THREADS)

    def ask(self) -> None:
        """Ask until it is stopped."""
        while not self.stopped.is_set():
            self.answers.put(self.client.get("/v1/days"), timeout=SECONDS)

    def wait_for(self, status: int, *, first: Callable[[], bool] = lambda: True) -> Response:
        """Wait until something is so, and then for this status, several times in a row; no other is 200 or 503."""
        in_a_row, is_so, deadline = 0, False, monotonic() + SECONDS
        while in_a_row < 2 * THREADS:
            answer = self.answers.get(timeout=deadline - monotonic())
            assert answer.status_code in {200, 503}, answer.text
            is_so = is_so or first()
            in_a_row = in_a_row + 1 if is_so and answer.status_code == status else 0
        return answer

    def stop(self) -> None:
        """Let the threads end."""
        self.stopped.set()
        while not self.answers.empty():
            self.answers.get()


@contextmanager
def load(settings: Settings) -> Iterator[Load]:
    """Four threads that ask the API over these settings."""
    with open_storage(settings, connections_of(settings)) as storage, ThreadPoolExecutor(THREADS) as threads:
        running = Load(storage)
        asking = [threads.submit(running.ask) for _ in range(THREADS)]
        try:
            yield running
        finally:
            running.stop()
    for thread in asking:
        thread.result()


def assert_away(answer: Response) -> None:
    """Assert that an answer says that the database is away, and when to come back."""
    told = answer.json()
    assert told == {**AWAY, "request_id": told["request_id"]}
    assert (answer.headers["Retry-After"], answer.headers["Content-Type"]) == ("5", "application/problem+json")


def test_while_the_database_refuses_connections_answers_are_503_and_then_as_before(
    new_database: Callable[[], str], tmp_path: Path
) -> None:
    url = new_database()
    name = make_url(url).database
    settings = settings_of(tmp_path, url, now=NOW, api_requests_per_minute=1_000_000)
    with (
        load(settings) as running,
        psycopg.connect(database_of(url, "postgres"), autocommit=True) as server,
    ):
        running.wait_for(200)
        server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'.encode())
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        assert_away(running.wait_for(503))
        assert running.client.get("/ready").status_code == 503
        assert running.client.get("/health").status_code == 200
        server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'.encode())
        running.wait_for(200)
        assert running.client.get("/ready").status_code == 200


def test_when_all_connections_are_in_use_for_too_long_the_answer_is_503(served: Storage, acme: TestClient) -> None:
    warehouse = connect_warehouse(served.settings, Connections(kept=1, most=1, wait_seconds=0))
    client = TestClient(create_app(replace(served, warehouse=warehouse)), headers=acme.headers)
    with warehouse.connect():
        assert_away(client.get("/v1/days"))
    assert client.get("/v1/days").status_code == 200
    warehouse.dispose()


def test_readiness_does_not_wait_long_for_a_database_that_hangs(
    served: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "_READY_SECONDS", 0.1)
    warehouse = connect_warehouse(served.settings, Connections(kept=1, most=1, wait_seconds=3))
    with warehouse.connect(), TestClient(create_app(replace(served, warehouse=warehouse))) as client:
        answer = client.get("/ready")
        with pytest.raises(NoConnectionError):  # when this gives up, all have who waited before it
            warehouse.connect()
    assert_away(answer)
    assert answer.elapsed < timedelta(seconds=3)
    warehouse.dispose()


def pid_of_server(data_dir: Path) -> str:
    """The process that all processes of the embedded server descend from."""
    return (data_dir / "postgres" / "postmaster.pid").read_text().partition("\n")[0]


def kill_server(data_dir: Path) -> str:
    """Kill the embedded server, and return which process it was."""
    pid = pid_of_server(data_dir)
    os.kill(int(pid), signal.SIGKILL)
    return pid


def is_started_again(data_dir: Path, killed: str) -> bool:
    """Start the server again, and return True if another runs; at first, traces of the killed one hinder it."""
    with suppress(WarehouseError):
        revive_embedded_server(data_dir)
    return pid_of_server(data_dir) not in {"", killed}


@pytest.mark.acceptance
def test_a_killed_database_server_is_back_in_service_when_it_is_started(tmp_path: Path) -> None:
    embedded = Settings.load(data_dir=tmp_path / "data", now=NOW, api_requests_per_minute=1_000_000)
    url = database_urls(embedded).warehouse.set(drivername="postgresql").render_as_string(hide_password=False)
    with open_storage(embedded):
        pass  # it is migrated
    with load(embedded.model_copy(update={"database_url": SecretStr(url)})) as running:
        running.wait_for(200)
        killed = kill_server(embedded.data_dir)
        assert_away(running.wait_for(503))
        assert running.client.get("/ready").status_code == 503
        running.wait_for(200, first=lambda: is_started_again(embedded.data_dir, killed))


@pytest.mark.acceptance
def test_the_embedded_server_is_started_again_when_it_is_killed(tmp_path: Path) -> None:
    settings = Settings.load(data_dir=tmp_path / "data", now=NOW, api_requests_per_minute=1_000_000)
    with load(settings) as running:
        running.wait_for(200)
        killed = kill_server(settings.data_dir)
        running.wait_for(200, first=lambda: pid_of_server(settings.data_dir) not in {"", killed})
        assert running.client.get("/ready").status_code == 200
