"""The database that people and programs read, and that keeps the state: connecting, migrating, replacing.

Migrations (Alembic) create and change its tables. What a partition's rows are is decided elsewhere: this module
stores and replaces them.
"""

import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import Connection, Dialect, Engine, create_engine, event, text
from sqlalchemy.exc import DisconnectionError, OperationalError, ProgrammingError
from sqlalchemy.pool import ConnectionPoolEntry

from usage_pipeline.errors import WarehouseError
from usage_pipeline.settings import Settings
from usage_pipeline.storage.postgres import database_urls, ensure_database, revive_embedded_server
from usage_pipeline.storage.schema import warehouse_table
from usage_pipeline.storage.stopping import present_question
from usage_pipeline.storage.tables import SCHEMA, TableSpec

_USED_AT = "used_at"
_MIGRATIONS = Path(__file__).parent / "migrations"

HEAD = max(path.name[1:5] for path in _MIGRATIONS.glob("versions/m*.py"))
"""The migration that this code needs: the newest."""


@dataclass(frozen=True)
class Connections:
    """How many connections a process has, and how long it waits. The defaults are those of a command."""

    kept: int = 5
    most: int = 15
    wait_seconds: int = 30
    """For a free one, while all are in use."""
    connect_seconds: int = 30
    """For the server to accept one."""
    statement_seconds: int = 0
    """For the end of a statement; 0 for ever."""
    trusted_seconds: int = 0
    """A connection that was used within this time is taken for a living one; any other is tried before."""


def open_warehouse(settings: Settings, connections: Connections | None = None) -> Engine:
    """Connect to a migrated warehouse.

    Raises WarehouseError when it cannot be reached or was never migrated, and says what to run.
    """
    engine = connect_warehouse(settings, connections)
    found = _revision(engine)
    if found != HEAD and settings.database_url is None:
        migrate(settings)  # the embedded database is ours alone
        found = _revision(engine)
    if found != HEAD:
        engine.dispose()
        raise WarehouseError(
            f"The warehouse is at migration {found or 'none'}, this code needs {HEAD}. "
            "Run `usage-pipeline migrate`."
        )
    return engine


def connect_warehouse(settings: Settings, connections: Connections | None = None) -> Engine:
    """Connect to the warehouse, whatever its migration."""
    allowed, url = connections or Connections(), database_urls(settings).warehouse
    engine = create_engine(
        url,
        pool_pre_ping=not allowed.trusted_seconds,
        pool_size=allowed.kept,
        max_overflow=allowed.most - allowed.kept,
        pool_timeout=allowed.wait_seconds,
        connect_args={"connect_timeout": url.query.get("connect_timeout", allowed.connect_seconds)},
    )
    if allowed.trusted_seconds:
        event.listen(engine, "checkin", _note_use)
        event.listen(engine, "checkout", partial(_try_if_idle, allowed.trusted_seconds))
    if allowed.statement_seconds:
        event.listen(engine, "connect", partial(_end_long_statements, allowed.statement_seconds))
        event.listen(engine, "before_cursor_execute", _expect_wanted)
    if settings.database_url is None:
        event.listen(engine, "do_connect", partial(_connect_to_embedded, settings))
    return engine


def without_transactions(engine: Engine) -> Engine:
    """Return the same for those who write no two rows that belong together: each statement commits by itself.

    That saves the two statements around it. An engine made from this one has no transactions either, whatever
    its options say.
    """
    return engine.execution_options(isolation_level="AUTOCOMMIT")


def _note_use(_: psycopg.Connection, record: ConnectionPoolEntry) -> None:
    record.info[_USED_AT] = time.monotonic()


def _try_if_idle(seconds: int, connection: psycopg.Connection, record: ConnectionPoolEntry, _: object) -> None:
    """Try a connection that was idle for some time. Raises DisconnectionError: then the pool takes another."""
    if time.monotonic() - record.info.get(_USED_AT, 0) <= seconds:
        return
    try:
        connection.autocommit = True
        connection.execute("SELECT 1")
        connection.autocommit = False
    except psycopg.Error as error:
        raise DisconnectionError from error


def _end_long_statements(seconds: int, connection: psycopg.Connection, _: object) -> None:
    connection.autocommit = True  # else the next rollback takes it back
    connection.execute(sql.SQL("SET statement_timeout = {}").format(f"{seconds}s"))
    connection.autocommit = False


def _expect_wanted(*_: object) -> None:
    present_question().expect_wanted()


def _connect_to_embedded(
    settings: Settings, dialect: Dialect, _: object, arguments: Sequence[Any], options: dict[str, Any]
) -> object:
    """Connect to the embedded server, which nobody else starts again if it was killed."""
    try:
        return dialect.connect(*arguments, **options)
    except psycopg.OperationalError:
        revive_embedded_server(settings.data_dir)
        return dialect.connect(*arguments, **options)


def migrate(settings: Settings) -> None:
    """Create both databases where they are missing and bring the warehouse to this code's migration."""
    urls = database_urls(settings)
    ensure_database(urls.warehouse)
    ensure_database(urls.dagster)
    engine = create_engine(urls.warehouse)
    try:
        if _revision(engine) != HEAD:
            with engine.begin() as connection:
                _upgrade(connection)
    finally:
        engine.dispose()


def _upgrade(connection: Connection) -> None:
    # Alembic is slow to import and needed only here.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, HEAD)


def replace_partitions(
    connection: Connection, spec: TableSpec, days: Collection[date], rows: Iterable[Sequence[object]]
) -> None:
    """Put these rows in the place of all rows of the days, within the caller's transaction."""
    table = warehouse_table(spec)
    connection.execute(table.delete().where(table.c.day.in_(days)))
    copy_rows(connection, spec, spec.column_names, rows)


def copy_rows(
    connection: Connection, spec: TableSpec, names: Sequence[str], rows: Iterable[Sequence[object]]
) -> None:
    """Add rows with these columns, within the caller's transaction; for many rows the fastest way."""
    copy_statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(SCHEMA, spec.name), sql.SQL(", ").join(map(sql.Identifier, names))
    )
    # COPY is psycopg's own; it takes part in the transaction of the connection that it is asked of.
    driver: psycopg.Connection = connection.connection.driver_connection  # type: ignore[assignment]  # Any | None
    with driver.cursor() as cursor, cursor.copy(copy_statement) as copy:
        for row in rows:
            copy.write_row(row)


def _revision(engine: Engine) -> str | None:
    try:
        with engine.connect() as connection:
            return connection.execute(text(f"SELECT version_num FROM {SCHEMA}.alembic_version")).scalar()
    except ProgrammingError:
        return None  # no such table yet
    except OperationalError as error:
        if "does not exist" in str(error):
            return None  # no such database yet
        raise WarehouseError(f"Cannot connect to the warehouse: {error.orig}") from None
