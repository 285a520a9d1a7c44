"""The API over the usage of `write_usage` of the limits and more, and a client for each kind of key."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from duckdb import DuckDBPyConnection
from fastapi import FastAPI
from fastapi.testclient import TestClient

from usage_pipeline.api.app import create_app
from usage_pipeline.api.logs import JsonLines
from usage_pipeline.keys.keys import NewKey, Scope, create_key
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage, open_storage
from usage_pipeline_tests.api.serving import Served, served_at
from usage_pipeline_tests.api.usage import write_more_usage
from usage_pipeline_tests.conftest import FillOnce, settings_of
from usage_pipeline_tests.limits.reading import write_usage
from usage_pipeline_tests.support import Landing, land_and_compute

NOW = datetime(2026, 5, 22, 12, tzinfo=UTC)
GROUPS = ("records", "rollups", "series", "breakdowns", "costs", "credits")


def write_and_compute(storage: Storage) -> None:
    """Land the usage of acme, globex and initech from 18 to 21 May 2026, and compute what the API reads."""
    write_usage(storage.settings.reference, Landing(storage.settings.landing))
    write_more_usage(Landing(storage.settings.landing))
    land_and_compute(storage, *GROUPS)


@pytest.fixture(scope="session")
def served(
    new_database: Callable[[], str],
    engine_of: Callable[[Settings], DuckDBPyConnection],
    fill_once: FillOnce,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Storage]:
    """The usage of acme, globex and initech from 18 to 21 May 2026; the present is noon of the 22nd."""
    settings = settings_of(tmp_path_factory.mktemp("served"), new_database(), now=NOW)
    with open_storage(settings) as opened:
        storage = replace(opened, get_engine=lambda: engine_of(settings))
        fill_once(storage, write_and_compute)
        yield storage


def client_with_key(app: FastAPI, storage: Storage, tenant_id: str | None, *more: Scope) -> TestClient:
    """A client of an app with a new key of this tenant, or of the platform without one, and of more scopes."""
    own = Scope.PLATFORM if tenant_id is None else Scope.TENANT
    with storage.warehouse.begin() as connection:
        shown = create_key(connection, NewKey("test", tenant_id, frozenset({own, *more}), "test"), NOW)
    return TestClient(app, headers={"Authorization": f"Bearer {shown}"}, raise_server_exceptions=False)


@pytest.fixture(scope="session")
def client_of(served: Storage) -> Iterator[Callable[..., TestClient]]:
    """Gives a client with a key of this tenant, or of the platform without one, and of more scopes."""
    app = create_app(served)
    with ExitStack() as opened:

        def client(tenant_id: str | None, *more: Scope) -> TestClient:
            return opened.enter_context(client_with_key(app, served, tenant_id, *more))

        yield client


@pytest.fixture(scope="session")
def acme(client_of: Callable[..., TestClient]) -> TestClient:
    """A client with a key of the tenant acme."""
    return client_of("acme")


@pytest.fixture(scope="session")
def initech(client_of: Callable[..., TestClient]) -> TestClient:
    """A client with a key of the tenant initech."""
    return client_of("initech")


@pytest.fixture(scope="session")
def platform(client_of: Callable[..., TestClient]) -> TestClient:
    """A client with a key of the platform."""
    return client_of(None)


@pytest.fixture(scope="session")
def acme_served(served: Storage, acme: TestClient) -> Iterator[Served]:
    """The address of a server, and a key of the tenant acme."""
    with served_at(create_app(served)) as address:
        yield Served(address, acme.headers["Authorization"].removeprefix("Bearer "))


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the API logs meanwhile."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonLines())
    logger = logging.getLogger("usage_pipeline.api")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield written
    logger.removeHandler(handler)
    logger.setLevel(logging.NOTSET)


def lines(log: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]
