"""Fixtures: the settings and the storage of a test, empty or as earlier steps left it."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from duckdb import DuckDBPyConnection

from usage_pipeline.pipeline.refresh import PlainRunner, RefreshSummary, refresh
from usage_pipeline.settings import PREFIX, Settings
from usage_pipeline.storage.engine import open_engine
from usage_pipeline.storage.lake import Lake
from usage_pipeline.storage.opened import Storage, open_storage
from usage_pipeline_tests.databases import Databases
from usage_pipeline_tests.snapshot import Snapshot
from usage_pipeline_tests.support import Landing

if TYPE_CHECKING:
    from usage_pipeline_tests.running import Once

pytest_plugins = [f"usage_pipeline_tests.{name}" for name in ("permissions", "running", "server")]

NOW = datetime(2026, 6, 1, tzinfo=UTC)
Prepare = Callable[[str, Callable[[], Any]], Any]
"""The name of steps, and a function that takes them, whose result is returned."""
OpenOn = Callable[[Settings], AbstractContextManager[Storage]]
Fill = Callable[[Storage], object]
"""Steps on an empty storage, which always leave the same, whatever its settings are."""
FillOnce = Callable[[Storage, Fill], None]


def settings_of(data_dir: Path, database_url: str, /, **values: object) -> Settings:
    """The settings of a test on this data directory and database; keywords override."""
    defaults = {
        "data_dir": data_dir,
        "database_url": database_url,
        "digest_key": "test",
        "duckdb_threads": 1,
        "now": NOW,
    }
    return Settings.load(**{**defaults, **values})


@pytest.fixture(scope="session", autouse=True)
def _no_settings_from_outside() -> Iterator[None]:
    # Fixtures of modules load settings before the environment of their first test is clean.
    with pytest.MonkeyPatch.context() as monkeypatch:
        _forget_settings(monkeypatch)
        yield


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    _forget_settings(monkeypatch)


def _forget_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)


@pytest.fixture
def new_settings(tmp_path: Path, databases: Databases) -> Iterator[Callable[..., Settings]]:
    """Makes settings with a data directory and a database of their own; keywords override."""
    with ExitStack() as taken:

        def create(**values: object) -> Settings:
            return settings_of(tmp_path / uuid4().hex[:8], taken.enter_context(databases.taken()), **values)

        yield create


@pytest.fixture
def settings(new_settings: Callable[..., Settings]) -> Settings:
    """Settings on a fresh data directory and database; the present is 2026-06-01."""
    return new_settings()


@pytest.fixture(scope="session")
def engine_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Settings], DuckDBPyConnection]]:
    """Gives one engine to all settings with the same threads and memory.

    An engine keeps nothing of what it was asked but the macros of landing, which are the same for all, and to open
    one and to make them takes as long as landing a line.
    """
    with ExitStack() as opened:

        @cache
        def engine(threads: int, memory_limit: str) -> DuckDBPyConnection:
            sizes = {"duckdb_threads": threads, "duckdb_memory_limit": memory_limit}
            return opened.enter_context(
                open_engine(Settings.load(data_dir=tmp_path_factory.mktemp("engine"), **sizes))
            )

        yield lambda settings: engine(settings.duckdb_threads, settings.duckdb_memory_limit)


@pytest.fixture(scope="session")
def open_on(databases: Databases, engine_of: Callable[[Settings], DuckDBPyConnection]) -> OpenOn:
    """Opens a storage on these settings, with the engine and the connections that tests share."""

    @contextmanager
    def open_one(settings: Settings) -> Iterator[Storage]:
        warehouse = databases.engines.get(database_url_of(settings))
        if warehouse is not None:
            yield Storage(settings, Lake(settings.data_dir), warehouse, lambda: engine_of(settings))
            return
        with open_storage(settings) as opened:
            yield replace(opened, get_engine=lambda: engine_of(settings))

    return open_one


@pytest.fixture
def storage(settings: Settings, open_on: OpenOn) -> Iterator[Storage]:
    """An open storage, empty unless its settings are those of a module."""
    with open_on(settings) as opened:
        yield opened


@pytest.fixture(scope="session")
def take_once(once: "Once") -> Callable[[str, Storage, Callable[[], Any]], Any]:
    """Takes steps on an empty storage, or copies what the first storage, of any worker, held after steps so named.

    To copy a computed day takes a tenth of the time of computing it.
    """

    def take(name: str, storage: Storage, steps: Callable[[], Any]) -> Any:
        name = name.replace("/", ".")
        with once(name) as (root, first):
            files = root / "snapshots" / name
            if first:
                told = steps()
                Snapshot.take(storage, files, told).keep()
                return told
        kept = Snapshot.kept(files)
        kept.restore(storage)
        return kept.told

    return take


@pytest.fixture(scope="module")
def room(request: pytest.FixtureRequest) -> str:
    """The name of the tests that share what `prepare` prepares: those of a module."""
    return str(request.node.nodeid)


@pytest.fixture
def prepare(storage: Storage, room: str, take_once: Callable[[str, Storage, Callable[[], Any]], Any]) -> Prepare:
    """Takes steps on the empty storage; the next test of the room with this name gets a copy of what they left.

    Returns what the steps returned.
    """
    return lambda name, steps: take_once(f"{room}.{name}", storage, steps)


@pytest.fixture(scope="session")
def fill_once(take_once: Callable[[str, Storage, Callable[[], Any]], Any]) -> FillOnce:
    """Takes steps on an empty storage; all tests that fill one by these steps get a copy of what they left."""
    return lambda storage, steps: take_once(
        f"{steps.__module__}.{steps.__qualname__}", storage, lambda: steps(storage)
    )


def database_url_of(settings: Settings) -> str:
    """The URL of the warehouse."""
    return settings.database_url.get_secret_value() if settings.database_url else ""


@pytest.fixture(scope="module")
def open_shared(
    databases: Databases, open_on: OpenOn, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Storage]]:
    """Opens a storage that tests of a module share, which fill it once and then only read; keywords override."""
    with ExitStack() as opened:

        def open_one(**values: object) -> Storage:
            database = opened.enter_context(databases.taken())
            settings = settings_of(tmp_path_factory.mktemp("shared"), database, **values)
            return opened.enter_context(open_on(settings))

        yield open_one


@pytest.fixture(scope="module")
def open_filled(open_shared: Callable[..., Storage], fill_once: FillOnce) -> Callable[..., Storage]:
    """Opens a storage that tests of a module share, filled by steps that modules share; keywords override."""

    def open_one(steps: Fill, **values: object) -> Storage:
        storage = open_shared(**values)
        fill_once(storage, steps)
        return storage

    return open_one


@pytest.fixture
def landing(settings: Settings) -> Landing:
    """The landing folder of the test's storage."""
    return Landing(settings.landing)


@pytest.fixture
def run(storage: Storage) -> Callable[[], RefreshSummary]:
    """Runs the pipeline, without Dagster, until nothing is stale."""
    return lambda: refresh(storage, PlainRunner(storage))
