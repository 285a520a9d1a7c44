"""Lets a test act while others wait for a lock of the database."""

from collections.abc import Iterable
from threading import Thread

from sqlalchemy import text

from usage_pipeline.storage.opened import Storage

_WAITING = text(
    "SELECT count(*) FROM pg_locks WHERE NOT granted "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


def wait_for_waiting(storage: Storage, number: int = 1, threads: Iterable[Thread] = ()) -> None:
    """Wait until so many wait for a lock; these threads must not end before."""
    with storage.warehouse.connect() as connection:
        while connection.execute(_WAITING).scalar_one() < number:
            connection.rollback()
            assert all(thread.is_alive() for thread in threads), "one ended without waiting"
