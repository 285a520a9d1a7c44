"""`dev` starts nothing where it would hinder, or be hindered by, something that runs."""

import signal
import subprocess
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import create_engine

from usage_pipeline.api.listening import listen
from usage_pipeline.errors import ServiceError
from usage_pipeline.keys.keys import Scope, recognise
from usage_pipeline.orchestration.dev_server import DAEMON_LOCK, Processes, dev_key, dev_server
from usage_pipeline.settings import Settings
from usage_pipeline.storage.locks import sole_lock
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.postgres import database_urls
from usage_pipeline_tests.conftest import NOW


@pytest.fixture
def settings(new_settings: Callable[..., Settings], new_dagster_database: Callable[[], str]) -> Settings:
    return new_settings(dagster_database_url=new_dagster_database())


def refusal(settings: Settings, port: int, api_port: int = 0) -> str:
    """Why `dev` does not start."""
    with pytest.raises(ServiceError) as refused, dev_server(settings, port, api_port):
        pass
    return str(refused.value)


def test_a_port_in_use_is_refused(settings: Settings) -> None:
    with listen("127.0.0.1", 0) as other:
        port = other.getsockname()[1]
        expected = (
            f"Port {port} on 127.0.0.1 cannot be used (Address already in use). "
            "Stop the program that uses it, or choose another, for example "
        )
        assert refusal(settings, port) == f"{expected}--port {port % 65_535 + 1}."
        assert refusal(settings, 0, port) == f"{expected}--api-port {port % 65_535 + 1}."


def test_one_port_for_both_is_refused(settings: Settings) -> None:
    with listen("127.0.0.1", 0) as free:
        port = free.getsockname()[1]
    assert "choose another, for example --api-port" in refusal(settings, port, port)


def test_when_one_process_ends_the_other_is_ended_too() -> None:
    lasting, failing = subprocess.Popen(["sleep", "600"]), subprocess.Popen(["sh", "-c", "exit 3"])
    failing.wait()
    processes = Processes(lasting, failing)
    assert not processes.run(0.01)
    assert processes.end() == 3
    assert lasting.returncode == -signal.SIGTERM


def test_a_start_makes_a_key_of_the_platform_that_ends_with_it_or_after_a_day(
    settings: Settings, storage: Storage
) -> None:
    with storage.warehouse.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        with dev_key(settings) as shown:
            key = recognise(connection, shown, NOW)
            assert key is not None
            assert (key.tenant_id, key.scopes, key.created_by) == (None, {Scope.PLATFORM}, "dev")
            assert recognise(connection, shown, NOW + timedelta(days=1)) is None
        assert recognise(connection, shown, NOW) is None


def test_a_second_daemon_on_a_database_is_refused_with_the_address_of_the_first(settings: Settings) -> None:
    engine = create_engine(database_urls(settings).dagster)
    with sole_lock(engine, DAEMON_LOCK, holder="http://127.0.0.1:3000"):
        assert refusal(settings, 0) == (
            "Dagster runs on this database already, at http://127.0.0.1:3000. Open that address, or stop it first."
        )
    engine.dispose()
