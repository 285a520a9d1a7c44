"""The database that people and programs read, and that keeps the state: its tables and its connections.

Tables are SQLAlchemy Core; migrations (Alembic) create and change them. What a partition's rows are is
decided elsewhere: this module stores and replaces them.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Date,
    DateTime,
    Engine,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    create_engine,
    text,
)
from sqlalchemy.exc import OperationalError, ProgrammingError

from usage_pipeline.errors import WarehouseError
from usage_pipeline.settings import Settings
from usage_pipeline.storage.postgres import database_urls, ensure_database

SCHEMA = "usage"
HEAD = "0001"
"""The migration that this code needs."""

metadata = MetaData(schema=SCHEMA)

landing_files = Table(
    "landing_files",
    metadata,
    Column("path", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("landing_day", Date, nullable=False, index=True),
    Column("size", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    Column("content_digest", Text),
    Column("identity_digest", Text),
    Column("object_name", Text),
    Column("mapping_digest", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("error", Text),
    Column("lines", BigInteger, nullable=False),
    Column("header", BigInteger, nullable=False),
    Column("continuation", BigInteger, nullable=False),
    Column("blank", BigInteger, nullable=False),
    Column("accepted", BigInteger, nullable=False),
    Column("rejected", BigInteger, nullable=False),
    Column("landed_at", DateTime(timezone=True), nullable=False),
    Column("run", Text, nullable=False),
)

landing_event_days = Table(
    "landing_event_days",
    metadata,
    Column("path", Text, primary_key=True),
    Column("event_day", Date, primary_key=True, index=True),
    Column("rows", BigInteger, nullable=False),
    Column("digest", Text, nullable=False),
)

partition_state = Table(
    "partition_state",
    metadata,
    Column("table_name", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("state", Text, nullable=False),
    Column("inputs_digest", Text),
    Column("output_digest", Text),
    Column("engine_version", Text),
    Column("code_version", Text),
    Column("version", Integer, nullable=False),
    Column("rows", BigInteger),
    Column("duplicates", BigInteger),
    Column("conflicts", BigInteger),
    Column("late_records", BigInteger),
    Column("run", Text, nullable=False),
    Column("committed_at", DateTime(timezone=True)),
    Column("changed_at", DateTime(timezone=True)),
)


def _series(name: str) -> Table:
    return Table(
        name,
        metadata,
        Column("day", Date, primary_key=True),
        Column("tenant_id", Text, primary_key=True),
        Column("total", BigInteger, nullable=False),
        Index(f"ix_{name}_tenant_day", "tenant_id", "day"),
    )


deployment = Table(
    "deployment",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

token_series = _series("token_series")
conversation_series = _series("conversation_series")
message_series = _series("message_series")


def open_warehouse(settings: Settings) -> Engine:
    """Connect to a migrated warehouse.

    Raises WarehouseError when it cannot be reached or was never migrated, and says what to run.
    """
    if settings.database_url is None:
        migrate(settings)  # the embedded database is ours alone
    engine = connect_warehouse(settings)
    found = _revision(engine)
    if found != HEAD:
        engine.dispose()
        raise WarehouseError(
            f"The warehouse is at migration {found or 'none'}, this code needs {HEAD}. "
            "Run `usage-pipeline migrate`."
        )
    return engine


def connect_warehouse(settings: Settings) -> Engine:
    """Connect to the warehouse, whatever its migration."""
    return create_engine(database_urls(settings).warehouse, pool_pre_ping=True)


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
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, HEAD)


def replace_partition(connection: Connection, name: str, day: date, rows: Iterable[Mapping[str, Any]]) -> None:
    """Put these rows in the place of all rows of the day, within the caller's transaction."""
    table = metadata.tables[f"{SCHEMA}.{name}"]
    connection.execute(table.delete().where(table.c.day == day))
    new = list(rows)
    if new:
        connection.execute(table.insert(), new)


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
