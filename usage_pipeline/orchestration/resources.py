"""What assets compute with, the storage that the settings name, and whom they tell how far they are."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import TYPE_CHECKING

import dagster as dg

from usage_pipeline.settings import Settings

if TYPE_CHECKING:
    from usage_pipeline.storage.opened import Storage

STORAGE = "storage"
PROGRESS = "progress"


@dg.resource(description="Lake, rollups and warehouse, where the USAGE_ variables say.")
def storage_resource(_: dg.InitResourceContext) -> Iterator["Storage"]:
    """Open the storage for one run."""
    from usage_pipeline.storage.opened import open_storage  # noqa: PLC0415 - slow to import

    with open_storage(Settings.load()) as storage:
        yield storage


@dg.resource(description="Told the day of each partition that is done. Only commands listen.")
def progress_resource(_: dg.InitResourceContext) -> Callable[[date], None]:
    """Tell nobody."""
    return lambda _: None
