"""`Storage`: settings, lake, warehouse and engine of one deployment, opened together."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from threading import Lock

from duckdb import DuckDBPyConnection
from sqlalchemy import Engine

from usage_pipeline.settings import Settings
from usage_pipeline.storage.bound_settings import check_settings
from usage_pipeline.storage.engine import open_engine
from usage_pipeline.storage.kept_rows import KeptRows
from usage_pipeline.storage.lake import Lake
from usage_pipeline.storage.recalled import Recalled
from usage_pipeline.storage.warehouse import Connections, open_warehouse


@dataclass(frozen=True)
class Storage:
    """The stores that a computation reads and writes."""

    settings: Settings
    lake: Lake
    warehouse: Engine
    get_engine: Callable[[], DuckDBPyConnection]
    recalled: Recalled = field(default_factory=Recalled, compare=False, repr=False)
    """What was read of the warehouse."""
    kept: KeptRows | None = field(default=None, compare=False, repr=False)
    """The rollups that a server keeps in memory."""

    @property
    def engine(self) -> DuckDBPyConnection:
        """DuckDB, opened on first use: questions to PostgreSQL alone do without."""
        return self.get_engine()


@contextmanager
def open_storage(settings: Settings, connections: Connections | None = None) -> Iterator[Storage]:
    """Open the storage that the settings name; its connections are closed at the end."""
    with ExitStack() as opened:
        warehouse = open_warehouse(settings, connections)
        opened.callback(warehouse.dispose)
        with warehouse.connect() as connection:
            check_settings(connection, settings)
        get_engine = _once(partial(opened.enter_context, open_engine(settings)))
        yield Storage(settings, Lake(settings.data_dir), warehouse, get_engine)


def _once(open_one: Callable[[], DuckDBPyConnection]) -> Callable[[], DuckDBPyConnection]:
    """Return a function that opens the engine when it is first called, also by several threads at once."""
    lock, opened = Lock(), cache(open_one)

    def get() -> DuckDBPyConnection:
        with lock:
            return opened()

    return get
