"""`Storage`: settings, lake, warehouse and engine of one deployment, opened together."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from duckdb import DuckDBPyConnection
from sqlalchemy import Engine

from usage_pipeline.settings import Settings
from usage_pipeline.storage.bound_settings import check_settings
from usage_pipeline.storage.engine import open_engine
from usage_pipeline.storage.lake import Lake
from usage_pipeline.storage.warehouse import open_warehouse


@dataclass(frozen=True)
class Storage:
    """What a computation reads from and writes to."""

    settings: Settings
    lake: Lake
    warehouse: Engine
    engine: DuckDBPyConnection


@contextmanager
def open_storage(settings: Settings) -> Iterator[Storage]:
    """Open the storage that the settings name; its connections are closed at the end."""
    warehouse = open_warehouse(settings)
    try:
        with warehouse.connect() as connection:
            check_settings(connection, settings)
        with open_engine(settings) as engine:
            yield Storage(settings, Lake(settings.data_dir), warehouse, engine)
    finally:
        warehouse.dispose()
