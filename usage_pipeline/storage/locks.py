"""PostgreSQL advisory locks: one writer per partition, on (table, day), one lock per run, others by name.

A lock belongs to a connection, so the lock of a process that was killed is free at once. A process holds locks of
one table at a time, and takes those of several days from the earliest on, so that two can't wait for each other.
A run's lock is waited for by nobody: it tells whether the run's process still lives.
"""

from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import date

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

from usage_pipeline.clock import in_words
from usage_pipeline.errors import LockTimeoutError

_KEY = "hashtextextended(:key, 0)"
_WRITERS = {"key": "writers"}
"""Every writer of partitions shares this lock; who has it alone knows that no partition is being written."""

_BEFORE_KEYS = text(f"SELECT set_config('lock_timeout', :timeout, false), pg_advisory_lock_shared({_KEY})")
"""Sets how long each lock is waited for, and takes the shared one: one statement, because each table says it."""

_KEYS = text("SELECT pg_advisory_lock(hashtextextended(key, 0)) FROM unnest(CAST(:keys AS text[])) AS key")
"""Takes them one after the other, in the order of the array."""

_SOLE_TRANSACTION = text(
    f"SELECT set_config('idle_in_transaction_session_timeout', '0', true), pg_advisory_xact_lock({_KEY})"
)

_STAY_IDLE = text("SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'idle_session_timeout'")
"""A server may not end a connection that only holds a lock for its silence. Old servers have no such setting."""

_ANYTHING = text("SELECT 1")

_HOLDER = f"""
    SELECT application_name
    FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND granted AND (CAST(classid AS bigint) << 32) | CAST(objid AS bigint) = {_KEY}
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
"""The name under which the holder of a lock is connected."""


@contextmanager
def partition_locks(
    engine: Engine, table: str, days: Collection[date], timeout_seconds: int
) -> Iterator[Connection]:
    """Wait for the locks of these partitions and hold them; yields the connection that owns them.

    Raises LockTimeoutError when another writer keeps one of them for longer than the timeout.
    """
    with engine.connect() as connection:
        try:
            _lock(connection, table, days, timeout_seconds)
            yield connection
        finally:
            connection.rollback()
            connection.exec_driver_sql("SELECT pg_advisory_unlock_all(), set_config('lock_timeout', '0', false)")
            connection.commit()


def _lock(connection: Connection, table: str, days: Collection[date], timeout_seconds: int) -> None:
    try:
        connection.execute(_BEFORE_KEYS, {**_WRITERS, "timeout": f"{timeout_seconds}s"})
        connection.execute(_KEYS, {"keys": [f"{table}:{day}" for day in sorted(days)]})
    except OperationalError:
        connection.rollback()
        raise LockTimeoutError(_timeout_text(table, days, timeout_seconds)) from None
    connection.commit()


def _timeout_text(table: str, days: Collection[date], timeout_seconds: int) -> str:
    which = f"{table} of {in_words(days)}" if len(days) == 1 else f"A day of {table} from {in_words(days)}"
    return (
        f"{which} is being written by another process, for more than {timeout_seconds} s. "
        "Try again when it is done, or raise USAGE_LOCK_TIMEOUT_SECONDS."
    )


def expect_held(connection: Connection) -> None:
    """Raise OperationalError if the connection is lost, and its locks with it: others may be writing by now."""
    connection.execute(_ANYTHING)


@contextmanager
def no_writers(engine: Engine, timeout_seconds: int) -> Iterator[Connection]:
    """Wait until no partition is being written, and let nobody begin; yields a connection in a transaction.

    Raises LockTimeoutError when a writer is at work for longer than the timeout.
    """
    with engine.begin() as connection:
        connection.execute(text(f"SET LOCAL lock_timeout = '{timeout_seconds}s'"))
        try:
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_KEY})"), _WRITERS)
        except OperationalError:
            raise LockTimeoutError(
                f"Days are being landed or computed, for more than {timeout_seconds} s. "
                "Try again when that is done, or raise USAGE_LOCK_TIMEOUT_SECONDS."
            ) from None
        yield connection


@contextmanager
def sole_transaction(engine: Engine, name: str) -> Iterator[Connection]:
    """Wait until no transaction of this name runs, and begin the next.

    The lock ends with the work: if the connection is lost, nothing of the work is committed. The server may not
    end it because it says nothing while DuckDB computes.
    """
    with engine.begin() as connection:
        connection.execute(_SOLE_TRANSACTION, {"key": name})
        yield connection


@contextmanager
def named_lock(engine: Engine, name: str) -> Iterator[None]:
    """Wait for the lock of this name, and hold it on a connection of its own.

    If that connection is lost, another may have the lock while the work goes on: work that is one transaction is a
    `sole_transaction`.
    """
    with engine.connect() as connection:
        connection.detach()  # closed for good at the end, and the lock with it, whatever happens until then
        connection.execute(_STAY_IDLE)
        connection.execute(text(f"SELECT pg_advisory_lock({_KEY})"), {"key": name})
        connection.commit()
        yield


@contextmanager
def sole_lock(engine: Engine, name: str, holder: str) -> Iterator[str | None]:
    """Hold the lock of this name for this holder and yield None; if another has it, yield that holder at once."""
    key = {"key": name}
    with engine.connect() as connection:
        connection.detach()
        connection.execute(_STAY_IDLE)
        connection.execute(text("SELECT set_config('application_name', :holder, false)"), {"holder": holder})
        mine = connection.execute(text(f"SELECT pg_try_advisory_lock({_KEY})"), key).scalar_one()
        other = None if mine else connection.execute(text(_HOLDER), key).scalar_one_or_none() or "another process"
        connection.commit()
        yield other


def run_lock(engine: Engine, run: str) -> AbstractContextManager[None]:
    """Hold the lock that says that this run's process lives."""
    return named_lock(engine, _run_lock_name(run))


def is_alive(connection: Connection, run: str) -> bool:
    """True if a process holds the lock of this run."""
    key = {"key": _run_lock_name(run)}
    free: bool = connection.execute(text(f"SELECT pg_try_advisory_lock({_KEY})"), key).scalar_one()
    if free:
        connection.execute(text(f"SELECT pg_advisory_unlock({_KEY})"), key)
    return not free


def _run_lock_name(run: str) -> str:
    return f"run:{run}"
