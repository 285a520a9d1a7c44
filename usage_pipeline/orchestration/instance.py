"""Dagster's instance: its database and its files lie where our settings say.

`dagster.yaml` names the three classes. Each builds Dagster's own class with a place taken from the
settings, so that the commands, the UI and a plain `dagster dev` share one instance without further setup.
"""

import os
from pathlib import Path
from typing import Any, ClassVar, Self

import dagster as dg
import yaml
from dagster_postgres import DagsterPostgresStorage

from usage_pipeline.errors import SettingsError
from usage_pipeline.orchestration.dagster_database import Runs, Schedules, make_tables
from usage_pipeline.orchestration.dagster_internals import (
    ConfigurableClassData,
    InstanceRef,
    LocalArtifactStorage,
    LocalComputeLogManager,
    NoOpComputeLogManager,
    daemon_statuses,
)
from usage_pipeline.orchestration.event_log import BatchedEventLog
from usage_pipeline.settings import Settings
from usage_pipeline.storage.postgres import database_urls

TOLERANCE_SECONDS = 300
"""The daemon writes a heartbeat every half minute, and later when it is busy."""


class ServerStorage(DagsterPostgresStorage):
    """Runs, events and schedules in the database `dagster`, on the server of the warehouse."""

    def __init__(self, url: str, data: ConfigurableClassData) -> None:
        """Connect to that database, whose tables are there."""
        super().__init__(postgres_url=url, should_autocreate_tables=False, inst_data=data)
        self._run_storage = Runs(url)
        self._event_log_storage = BatchedEventLog(url)
        self._schedule_storage = Schedules(url)

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """Nothing to configure."""
        return {}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> Self:  # noqa: ANN401, ARG003
        """Start the embedded server if it is the one used, and make the database and its tables if need be."""
        # The events of one step, or plan, are written together. Processes that are started from here inherit it.
        os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", "1000")
        url = database_urls(Settings.load()).dagster.render_as_string(hide_password=False)
        make_tables(url)
        # Processes that Dagster starts build their storages from this.
        data = ConfigurableClassData(
            "dagster_postgres", "DagsterPostgresStorage", yaml.safe_dump({"postgres_url": url})
        )
        return cls(url, data)


class _BelowDataDir:
    """Dagster's own class, with a place that the settings give."""

    folder: ClassVar[str]

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """Nothing to configure."""
        return {}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> Self:  # noqa: ANN401, ARG003
        """Take the place from the settings."""
        base_dir = str(Settings.load().dagster_dir / cls.folder)
        return cls(base_dir=base_dir, inst_data=inst_data)  # type: ignore[call-arg]  # of Dagster's class


class DataDirArtifacts(_BelowDataDir, LocalArtifactStorage):
    """Dagster's artifacts, below the data directory."""

    folder = "."


class DataDirComputeLogs(_BelowDataDir, LocalComputeLogManager):
    """What runs print, below the data directory."""

    folder = "storage"


def project_dir() -> Path:
    """The folder of `dagster.yaml`: DAGSTER_HOME, else the current folder, else that of this checkout."""
    home = os.environ.get("DAGSTER_HOME")
    candidates = [Path(home)] if home else [Path.cwd(), Path(__file__).parents[2]]
    for folder in candidates:
        if (folder / "dagster.yaml").is_file():
            return folder.absolute()
    raise SettingsError(
        f"There is no dagster.yaml in {' or '.join(map(str, candidates))}. "
        "Run from the project's folder, or set DAGSTER_HOME to it."
    )


def open_instance() -> dg.DagsterInstance:
    """The instance that the UI shows, for commands that run jobs in their own process.

    What the commands print stays on the terminal: it is not captured into compute logs.
    """
    no_capture = ConfigurableClassData(
        NoOpComputeLogManager.__module__, NoOpComputeLogManager.__name__, yaml.safe_dump({})
    )
    ref = InstanceRef.from_dir(str(project_dir()))
    return dg.DagsterInstance.from_ref(ref._replace(compute_logs_data=no_capture))


def why_dead() -> str | None:
    """Which parts of the daemon have sent no heartbeat lately: nothing runs by itself without them. Else None."""
    with open_instance() as instance:
        statuses = daemon_statuses(instance, TOLERANCE_SECONDS)
    silent = sorted(name.lower() for name, status in statuses.items() if not status.healthy)
    if not silent:
        return None
    return (
        f"The Dagster daemon is dead: no heartbeat for {TOLERANCE_SECONDS} s from {', '.join(silent)}. "
        "Start it again, for example with `usage-pipeline dev`"
    )
