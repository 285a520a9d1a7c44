"""The resource that assets compute with: the storage that the settings name."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import dagster as dg

from usage_pipeline.settings import Settings

if TYPE_CHECKING:
    from usage_pipeline.storage.opened import Storage

STORAGE = "storage"


@dg.resource(description="Lake, rollups and warehouse, where the USAGE_ variables say.")
def storage_resource(_: dg.InitResourceContext) -> Iterator["Storage"]:
    """Open the storage for one run."""
    from usage_pipeline.storage.opened import open_storage  # noqa: PLC0415 - slow to import

    with open_storage(Settings.load()) as storage:
        yield storage
