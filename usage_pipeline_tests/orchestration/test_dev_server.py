"""`dev` starts nothing where it would hinder, or be hindered by, something that runs."""

import socket
from collections.abc import Callable

import pytest
from sqlalchemy import create_engine

from usage_pipeline.errors import ServiceError
from usage_pipeline.orchestration.dev_server import DAEMON_LOCK, dev_server
from usage_pipeline.settings import Settings
from usage_pipeline.storage.locks import sole_lock
from usage_pipeline.storage.postgres import database_urls


@pytest.fixture
def settings(new_settings: Callable[..., Settings], new_dagster_database: Callable[[], str]) -> Settings:
    return new_settings(dagster_database_url=new_dagster_database())


def refusal(settings: Settings, port: int) -> str:
    """Why `dev` does not start."""
    with pytest.raises(ServiceError) as refused, dev_server(settings, port):
        pass
    return str(refused.value)


def test_a_port_in_use_is_refused(settings: Settings) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert refusal(settings, port) == (
            f"Port {port} on 127.0.0.1 cannot be used (Address already in use). "
            f"Stop the program that uses it, or choose another, for example --port {port % 65_535 + 1}."
        )


def test_a_second_daemon_on_a_database_is_refused_with_the_address_of_the_first(settings: Settings) -> None:
    engine = create_engine(database_urls(settings).dagster)
    with sole_lock(engine, DAEMON_LOCK, holder="http://127.0.0.1:3000"), socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        assert refusal(settings, port) == (
            "Dagster runs on this database already, at http://127.0.0.1:3000. Open that address, or stop it first."
        )
    engine.dispose()
