"""Keeps what was read of the database for as long as nothing has been committed to it since.

Whether something was is PostgreSQL's own word: a snapshot names the transactions whose work is visible, so two
equal ones of one server see the same rows. Asking for it takes no longer than asking for nothing. All databases of
a server count their transactions together, so that things are read again after Dagster has written something, too.
"""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from threading import Lock
from typing import Generic, TypeVar, cast

from sqlalchemy import Connection, Engine, text

Found = TypeVar("Found")

_SNAPSHOT = text(
    "SELECT concat(pg_current_snapshot(), ' ', extract(epoch FROM pg_postmaster_start_time())) AS snapshot, "
    "pg_current_xact_id_if_assigned() IS NULL AS is_reader"
)


class _Kept(Generic[Found]):
    """What one reader has found last."""

    def __init__(self, read: Callable[[Connection], Found]) -> None:
        self._read = read
        self._reading = Lock()
        self._found: tuple[str, float, Found] | None = None
        """The snapshot that was there before it was read, when reading began, and what was found."""

    def current(self, connect: "_Connect", snapshot: str, asked_at: float) -> Found:
        with self._reading:  # others that ask meanwhile wait for what one of them reads
            if self._found is None or not (snapshot == self._found[0] or asked_at < self._found[1]):
                began_at = time.monotonic()
                with connect() as connection:
                    self._found = (snapshot, began_at, self._read(connection))
            return self._found[2]


_Connect = Callable[[], AbstractContextManager[Connection]]


class Recalled:
    """What was read of one database. All threads share it."""

    def __init__(self) -> None:
        """Begin without anything."""
        self._kept: dict[object, object] = {}

    def read(self, connection: Connection, read: Callable[[Connection], Found]) -> Found:
        """Return what a function reads of the database, as it is now; it reads only if something was committed.

        The function is one of a module, because it is known by its identity, and nobody changes what it returns.
        In a transaction that has written something, it reads every time.
        """
        asked_at = time.monotonic()
        snapshot, is_reader = connection.execute(_SNAPSHOT).one()
        if not is_reader:
            return read(connection)
        return self._kept_of(read).current(lambda: nullcontext(connection), snapshot, asked_at)

    def get(self, engine: Engine, read: Callable[[Connection], Found]) -> Found:
        """Return the same, on a connection of its own."""
        with engine.connect() as connection:
            return self.read(connection, read)

    def snapshot(self, engine: Engine) -> str:
        """Return what is another one once something was committed."""
        return self._ask(engine)[0]

    def at_once(self) -> "Recalled":
        """Return the same for one answer."""
        return RecalledAtOnce(self._kept)

    def _ask(self, engine: Engine) -> tuple[str, float]:
        """Return the snapshot, and when it was asked for."""
        asked_at = time.monotonic()
        with engine.connect() as connection:
            return connection.execute(_SNAPSHOT).one().snapshot, asked_at

    def _kept_of(self, read: Callable[[Connection], Found]) -> _Kept[Found]:
        return cast("_Kept[Found]", self._kept.setdefault(read, _Kept(read)))


class RecalledAtOnce(Recalled):
    """What was read, for one answer: it asks only once whether something was committed.

    Whatever it gives is no older than its first reading.
    """

    def __init__(self, kept: dict[object, object]) -> None:
        """Share what is kept."""
        self._kept = kept
        self._asked: tuple[str, float] | None = None

    def get(self, engine: Engine, read: Callable[[Connection], Found]) -> Found:
        """Return what a function reads of the database, as it was at the first reading or later."""
        return self._kept_of(read).current(engine.connect, *self._ask(engine))

    def _ask(self, engine: Engine) -> tuple[str, float]:
        self._asked = self._asked or super()._ask(engine)
        return self._asked
