"""The resources: the storage that the settings name, the storage of a run, and who is told of its progress."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any

import dagster as dg

from usage_pipeline.settings import Settings

if TYPE_CHECKING:
    from usage_pipeline.storage.opened import Storage

    StorageParam = dg.ResourceParam[Storage]
else:
    # Dagster evaluates the types of parameters, and `Storage` is slow to import.
    StorageParam = dg.ResourceParam[Any]

STORAGE = "storage"
RUN_STORAGE = "run_storage"
PROGRESS = "progress"

ProgressParam = dg.ResourceParam[Callable[[date], None]]
"""Called with the day of each partition that is done. Only commands show progress."""

COMMAND_TAG = "usage_pipeline/command"
"""On runs that a command executes in its own process: which command."""


class StorageResource(dg.ConfigurableResource[Any]):
    """Lake, rollups and warehouse, where the USAGE_ variables say."""

    settings: dg.ResourceDependency[Settings]

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["Storage"]:  # noqa: ARG002
        """Open the storage, and close it after the run or the evaluation."""
        from usage_pipeline.storage.opened import open_storage  # noqa: PLC0415 - slow to import

        with open_storage(self.settings) as storage:
            yield storage


class RunStorageResource(dg.ConfigurableResource[Any]):
    """The storage of a run, with the run's lock. The sensor `lost_runs` ends runs without one."""

    storage: dg.ResourceDependency[Any]

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["Storage"]:
        """Hold the lock for as long as the run's process lives."""
        from usage_pipeline.storage.locks import run_lock  # noqa: PLC0415 - slow to import

        if context.run is None:
            raise dg.DagsterInvariantViolationError("Only a run holds the lock of a run")
        with run_lock(self.storage.warehouse, context.run.run_id):
            yield self.storage
