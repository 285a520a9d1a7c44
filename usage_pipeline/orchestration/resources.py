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
RUN_LOCK = "run_lock"
RUN_RESOURCES = {STORAGE, PROGRESS, RUN_LOCK}
"""What every run of an asset holds open."""

COMMAND_TAG = "usage_pipeline/command"
"""On runs that a command executes in its own process: which command."""


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


@dg.resource(
    required_resource_keys={STORAGE},
    description="Held for as long as the run's process lives. The sensor `lost_runs` ends runs without it.",
)
def run_lock_resource(context: dg.InitResourceContext) -> Iterator[None]:
    """Hold the lock of the run."""
    from usage_pipeline.storage.locks import run_lock  # noqa: PLC0415 - slow to import

    if context.run is None:
        raise dg.DagsterInvariantViolationError("Only a run holds the lock of a run")
    with run_lock(context.resources.storage.warehouse, context.run.run_id):
        yield
