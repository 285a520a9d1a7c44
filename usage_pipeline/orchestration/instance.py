"""Dagster's instance: its database and its files lie where our settings say.

`dagster.yaml` names the three classes. Each builds Dagster's own class with a place taken from the
settings, so that the commands, the UI and a plain `dagster dev` share one instance without further setup.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Self

import dagster as dg
import yaml
from dagster_postgres import DagsterPostgresStorage, PostgresRunStorage
from sqlalchemy import Engine, NullPool, PoolProxiedConnection, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry

from usage_pipeline.errors import SettingsError
from usage_pipeline.orchestration.dagster_internals import (
    ConfigurableClassData,
    InstanceRef,
    LocalArtifactStorage,
    LocalComputeLogManager,
    NoOpComputeLogManager,
    daemon_statuses,
    job_origin,
)
from usage_pipeline.orchestration.event_log import BatchedEventLog
from usage_pipeline.orchestration.resources import COMMAND_TAG
from usage_pipeline.settings import Settings
from usage_pipeline.storage.locks import named_lock
from usage_pipeline.storage.postgres import database_urls, ensure_database

TABLES_LOCK = "dagster:tables"
"""Held, in Dagster's database, by the process that looks for Dagster's tables and makes them."""

TOLERANCE_SECONDS = 300
"""The daemon writes a heartbeat every half minute, and later when it is busy."""


LOCATION = "usage_pipeline"
"""The code location, as `workspace.yaml` names it."""


class RunsOfCommands(PostgresRunStorage):
    """The runs. Those of commands name the code location too: the timeline of the UI leaves out runs without."""

    def add_run(self, dagster_run: dg.DagsterRun) -> dg.DagsterRun:
        """Add a run."""
        if COMMAND_TAG in dagster_run.tags:
            super().add_run(dagster_run._replace(remote_job_origin=job_origin(LOCATION, dagster_run.job_name)))
            return dagster_run  # as it is made in this process, without a code location
        return super().add_run(dagster_run)


class ServerStorage(DagsterPostgresStorage):
    """Runs, events and schedules in the database `dagster`, on the server of the warehouse."""

    def __init__(self, url: str, data: ConfigurableClassData) -> None:
        """Connect to that database; its tables are made where they are missing."""
        super().__init__(postgres_url=url, inst_data=data)
        self._run_storage = RunsOfCommands(url, should_autocreate_tables=False)
        self._event_log_storage = BatchedEventLog(url, should_autocreate_tables=False)

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """Nothing to configure."""
        return {}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> Self:  # noqa: ANN401, ARG003
        """Start the embedded server if it is the one used, and make sure that the database exists."""
        url = database_urls(Settings.load()).dagster
        ensure_database(url)
        # The events of one step, or plan, are written together. Processes that are started from here inherit it.
        os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", "1000")
        plain = url.render_as_string(hide_password=False)
        # Processes that Dagster starts build their storages from this.
        data = ConfigurableClassData(
            "dagster_postgres", "DagsterPostgresStorage", yaml.safe_dump({"postgres_url": plain})
        )
        # It makes its tables when it finds none, and does not expect that another process is making them.
        with named_lock(create_engine(url, poolclass=NullPool), TABLES_LOCK):
            return cls(plain, data)


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


@contextmanager
def kept_connections(instance: dg.DagsterInstance) -> Iterator[None]:
    """Let the instance keep a connection for its runs and one for its events, as the web server does.

    It opens one for every event otherwise, and the events of many small partitions take longer than their work.
    A kept connection is tried before it is used, so that a restart of the database is survived as before.
    """
    instance.optimize_for_webserver(statement_timeout=0, pool_recycle=3600, max_overflow=20)
    # dagster-postgres offers no other way to the engines.
    engines: list[Engine] = [
        vars(storage)["_engine"] for storage in (instance.run_storage, instance.event_log_storage)
    ]
    for engine in engines:
        event.listen(engine, "checkout", _expect_alive)
    try:
        yield
    finally:
        for engine in engines:
            engine.dispose()


def _expect_alive(
    connection: DBAPIConnection, _record: ConnectionPoolEntry, _fairy: PoolProxiedConnection
) -> None:
    """Raise DisconnectionError for a connection that is gone: the pool then opens another."""
    cursor = connection.cursor()
    try:
        cursor.execute("SELECT 1")
    except Exception as error:
        raise DisconnectionError from error
    finally:
        cursor.close()


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
