"""Dagster's database, asked with few connections and few questions: runs, sensors and schedules.

dagster-postgres opens a connection for every statement, because a process may make many instances. And before most
statements it asks the database which tables, columns and indexes it has, in case it is an old one. Together that
was nine tenths of what the daemon asked of PostgreSQL. What the event log does apart is in `event_log.py`.
"""

from collections.abc import Callable
from functools import cache, wraps

import dagster as dg
from dagster_postgres import DagsterPostgresStorage, PostgresRunStorage, PostgresScheduleStorage
from sqlalchemy import Engine, NullPool, PoolProxiedConnection, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry

from usage_pipeline.orchestration.dagster_internals import job_origin
from usage_pipeline.orchestration.resources import COMMAND_TAG
from usage_pipeline.storage.locks import named_lock
from usage_pipeline.storage.postgres import ensure_database

TABLES_LOCK = "dagster:tables"
"""Held, in Dagster's database, by the process that looks for Dagster's tables and makes them."""

LOCATION = "usage_pipeline"
"""The code location, as `workspace.yaml` names it."""


_FOUND: set[tuple[str, ...]] = set()


def found_once(ask: Callable[..., bool]) -> Callable[..., bool]:
    """Let a process ask no more whether something is in a database once it was there: Dagster removes nothing."""

    @wraps(ask)
    def is_there(storage: object, *args: object) -> bool:
        names = (name for name in args if isinstance(name, str))
        key = (vars(storage)["postgres_url"], ask.__qualname__, *names)
        if key not in _FOUND and ask(storage, *args):
            _FOUND.add(key)
        return key in _FOUND

    return is_there


@cache
def engine_of(url: str) -> Engine:
    """The engine of all instances of this process: it keeps one connection, and opens others while that is taken.

    The kept connection is tried before it is used, so that a restart of the database is survived.
    """
    engine = create_engine(url, isolation_level="AUTOCOMMIT", pool_size=1, max_overflow=20, pool_recycle=3600)
    event.listen(engine, "checkout", _expect_alive)
    return engine


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


@cache
def make_tables(url: str) -> None:
    """Make the database and Dagster's tables, where there are none yet; a process looks for them once."""
    ensure_database(make_url(url))
    # Dagster makes its tables when it finds none, and does not expect that another process is making them.
    with named_lock(create_engine(url, poolclass=NullPool), TABLES_LOCK):
        DagsterPostgresStorage(url)


class Runs(PostgresRunStorage):
    """The runs. Those of commands name the code location too: the timeline of the UI leaves out runs without."""

    has_backfill_id_column = found_once(PostgresRunStorage.has_backfill_id_column)
    has_built_index = found_once(PostgresRunStorage.has_built_index)
    has_run_stats_index_cols = found_once(PostgresRunStorage.has_run_stats_index_cols)

    def __init__(self, url: str) -> None:
        """Take the engine of this process; the tables are there."""
        super().__init__(url, should_autocreate_tables=False)
        self._engine = engine_of(url)

    def add_run(self, dagster_run: dg.DagsterRun) -> dg.DagsterRun:
        """Add a run."""
        if COMMAND_TAG in dagster_run.tags:
            super().add_run(dagster_run._replace(remote_job_origin=job_origin(LOCATION, dagster_run.job_name)))
            return dagster_run  # as it is made in this process, without a code location
        return super().add_run(dagster_run)


class Schedules(PostgresScheduleStorage):
    """The states and ticks of schedules and sensors."""

    has_built_index = found_once(PostgresScheduleStorage.has_built_index)
    has_instigators_table = found_once(PostgresScheduleStorage.has_instigators_table)
    has_secondary_index_table = found_once(PostgresScheduleStorage.has_secondary_index_table)
    _has_instigators_table = found_once(PostgresScheduleStorage._has_instigators_table)  # noqa: SLF001 - asked most often

    def __init__(self, url: str) -> None:
        """Take the engine of this process; the tables are there."""
        super().__init__(url, should_autocreate_tables=False)
        self._engine = engine_of(url)
