"""One writer per partition: a PostgreSQL advisory lock on (table, day).

The lock belongs to a connection, so the lock of a process that was killed is free at once. A process
holds one lock at a time, so that two can't wait for each other.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

from usage_pipeline.errors import LockTimeoutError


@contextmanager
def partition_lock(engine: Engine, table: str, day: date, timeout_seconds: int) -> Iterator[Connection]:
    """Wait for the partition's lock and hold it; yields the connection that owns it.

    Raises LockTimeoutError when another writer keeps the partition for longer than the timeout.
    """
    key = {"key": f"{table}:{day}"}
    with engine.connect() as connection:
        connection.execute(text(f"SET lock_timeout = '{timeout_seconds}s'"))
        try:
            connection.execute(text("SELECT pg_advisory_lock(hashtextextended(:key, 0))"), key)
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
            connection.execute(text("SELECT pg_advisory_unlock(hashtextextended(:key, 0))"), key)
            connection.commit()
