"""`Storage`: settings, lake, warehouse and engine of one deployment, opened together."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import cache, partial
from threading import Lock
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine

from usage_pipeline.settings import Settings
from usage_pipeline.storage.bound_settings import check_settings
from usage_pipeline.storage.lake import Lake
from usage_pipeline.storage.recalled import Found, Recalled
from usage_pipeline.storage.warehouse import Connections, open_warehouse

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from usage_pipeline.storage.kept_rows import KeptRows


@dataclass(frozen=True)
class Storage:
    """The stores that a computation reads and writes."""

    settings: Settings
    lake: Lake
    warehouse: Engine
    get_engine: Callable[[], "DuckDBPyConnection"]
    recalled: Recalled = field(default_factory=Recalled, compare=False, repr=False)
    """What was read of the warehouse."""
    kept: "KeptRows | None" = field(default=None, compare=False, repr=False)
    """The rollups that a server keeps in memory."""

    @property
    def engine(self) -> "DuckDBPyConnection":
        """DuckDB, opened on first use: questions to PostgreSQL alone do without."""
        return self.get_engine()

    def recall(self, read: Callable[[Connection], Found]) -> Found:
        """Return what a function reads of the warehouse; it reads only if something was committed since."""
        return self.recalled.get(self.warehouse, read)

    def at_once(self) -> "Storage":
        """Return the same for one answer."""
        return replace(self, recalled=self.recalled.at_once())


@contextmanager
def open_storage(settings: Settings, connections: Connections | None = None) -> Iterator[Storage]:
    """Open the storage that the settings name; its connections are closed at the end."""
    with ExitStack() as opened:
        warehouse = open_warehouse(settings, connections)
        opened.callback(warehouse.dispose)
        with warehouse.connect() as connection:
            check_settings(connection, settings)
        get_engine = _once(partial(_open_engine, opened, settings))
        yield Storage(settings, Lake(settings.data_dir), warehouse, get_engine)


def _open_engine(opened: ExitStack, settings: Settings) -> "DuckDBPyConnection":
    from usage_pipeline.storage.engine import open_engine  # noqa: PLC0415 - DuckDB is slow to import

    return opened.enter_context(open_engine(settings))


def _once(open_one: Callable[[], "DuckDBPyConnection"]) -> Callable[[], "DuckDBPyConnection"]:
    """Return a function that opens the engine when it is first called, also by several threads at once."""
    lock, opened = Lock(), cache(open_one)

    def get() -> "DuckDBPyConnection":
        with lock:
            return opened()

    return get
