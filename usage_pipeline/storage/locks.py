"""PostgreSQL advisory locks: one writer per partition, on (table, day), one lock per run, others by name.

A lock belongs to a connection, so the lock of a process that was killed is free at once. A process holds one
partition's lock at a time, so that two can't wait for each other. A run's lock is waited for by nobody: it
tells whether the run's process still lives.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import date

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

from usage_pipeline.errors import LockTimeoutError

_KEY = "hashtextextended(:key, 0)"


@contextmanager
def partition_lock(engine: Engine, table: str, day: date, timeout_seconds: int) -> Iterator[Connection]:
    """Wait for the partition's lock and hold it; yields the connection that owns it.

    Raises LockTimeoutError when another writer keeps the partition for longer than the timeout.
    """
    key = {"key": f"{table}:{day}"}
    with engine.connect() as connection:
        connection.execute(text(f"SET lock_timeout = '{timeout_seconds}s'"))
        try:
            connection.execute(text(f"SELECT pg_advisory_lock({_KEY})"), key)
        except OperationalError:
            connection.rollback()
            raise LockTimeoutError(
                f"{table} of {day} is being written by another process, for more than {timeout_seconds} s. "
                "Try again when it is done, or raise USAGE_LOCK_TIMEOUT_SECONDS."
            ) from None
        connection.commit()
        try:
            yield connection
        finally:
            connection.rollback()
            connection.execute(text(f"SELECT pg_advisory_unlock({_KEY})"), key)
            connection.commit()


@contextmanager
def named_lock(engine: Engine, name: str) -> Iterator[None]:
    """Wait for the lock of this name, and hold it on a connection of its own."""
    with engine.connect() as connection:
        connection.execute(text(f"SELECT pg_advisory_lock({_KEY})"), {"key": name})
        connection.commit()
        connection.detach()  # closed for good at the end, and the lock with it, even if the server has gone
        yield


def run_lock(engine: Engine, run: str) -> AbstractContextManager[None]:
    """Hold the lock that says that this run's process lives."""
    return named_lock(engine, _run_lock_name(run))


def is_alive(connection: Connection, run: str) -> bool:
    """Whether a process holds the lock of this run."""
    key = {"key": _run_lock_name(run)}
    free: bool = connection.execute(text(f"SELECT pg_try_advisory_lock({_KEY})"), key).scalar_one()
    if free:
        connection.execute(text(f"SELECT pg_advisory_unlock({_KEY})"), key)
    return not free


def _run_lock_name(run: str) -> str:
    return f"run:{run}"
