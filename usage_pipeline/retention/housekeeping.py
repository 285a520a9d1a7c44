"""Housekeeping: what piles up and is no data, such as files that killed writers left; and what places hold.

Nothing here has a term of a plan: pruning removes that. What Dagster keeps of runs is in `orchestration/`.
"""

import math
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from os import stat_result, walk
from pathlib import Path

from sqlalchemy import Engine, text

from usage_pipeline.storage.opened import Storage

TEMPORARIES = {
    "lake": ("*/.*.part", "*/*=*/.*.part"),
    "rollups": ("*/.*.part", "*/*=*/.*.part"),
    "reports": ("*/*/.*.part",),
    "tmp": ("duckdb/*", "demo-*", "listing-*"),
}
"""What writers remove when they end, by folder of the data directory: objects and batches of objects that they
write, the rows that DuckDB spills, the logs of a demo, and copies of days that a server reads.
"""

WAREHOUSE = "warehouse"
"""The place of rows."""

_DEAD_AFTER = timedelta(days=1)
_CLOCKS_DIFFER_BY = timedelta(minutes=5)
"""The clocks of the database and of a file server."""

_OLDEST_WRITER = text("""
    SELECT min(coalesce(backend_start, to_timestamp(0)))
    FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
""")
"""The time at which the first of those who hold an advisory lock has connected; null if nobody holds one."""

_MESSAGES = "FROM usage.outbox AS old WHERE state <> 'pending' AND created_at < :before"
_KEYS = "FROM usage.api_keys AS old WHERE least(expires_at, revoked_at) < :before"

_WITH_DEAD_ROWS = text("""
    SELECT quote_ident(schemaname) || '.' || quote_ident(relname)
    FROM pg_stat_user_tables
    WHERE schemaname = coalesce(CAST(:schema AS text), current_schema()) AND n_dead_tup > 0
    ORDER BY relname
""")


@dataclass(frozen=True)
class Tally:
    """A number of files, folders or rows, and their bytes."""

    number: int = 0
    bytes: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        """Return the sum of both."""
        return Tally(self.number + other.number, self.bytes + other.bytes)


@dataclass(frozen=True)
class Leftovers:
    """What one place holds that is no data."""

    place: str
    kind: str
    """What one of them is."""
    count: Callable[[], Tally]
    remove: Callable[[], Iterator[Tally]]
    """Removes them, and yields what went."""


def temporaries(storage: Storage) -> list[Leftovers]:
    """Return what writers left that were killed."""
    return [
        of_paths(place, "temporary file", partial(_find_dead, storage, place), delete) for place in TEMPORARIES
    ]


def old_rows(storage: Storage) -> list[Leftovers]:
    """Return messages that were delivered or are dead, and keys that are worth nothing, past their terms."""
    settings = storage.settings
    return [
        _of_rows(storage, "message", _MESSAGES, settings.outbox_days),
        _of_rows(storage, "key", _KEYS, settings.api_access_days),
    ]


def _of_rows(storage: Storage, kind: str, rows: str, days: int) -> Leftovers:
    """Return leftovers that are rows of a table, `old` in the clauses that find them."""
    before = {"before": storage.settings.clock.now - timedelta(days=days)}
    size_of_row = "octet_length(CAST(old AS text))"
    counted = text(f"SELECT count(*), coalesce(sum({size_of_row}), 0) {rows}")
    removed = text(f"""
        WITH gone AS (DELETE {rows} RETURNING {size_of_row} AS bytes)
        SELECT count(*), coalesce(sum(bytes), 0) FROM gone
    """)

    def count() -> Tally:
        with storage.warehouse.connect() as connection:
            return Tally(*connection.execute(counted, before).one())

    def remove() -> Iterator[Tally]:
        with storage.warehouse.begin() as connection:
            gone = Tally(*connection.execute(removed, before).one())
        yield gone

    return Leftovers(WAREHOUSE, kind, count, remove)


def of_paths(
    place: str, kind: str, find: Callable[[], Iterable[Path]], remove: Callable[[Path], None]
) -> Leftovers:
    """Return leftovers that are files and folders. Each is found anew right before it is removed."""

    def count() -> Tally:
        return sum((Tally(1, size(path)) for path in find()), Tally())

    def remove_each() -> Iterator[Tally]:
        for path in find():
            held = size(path)
            remove(path)
            yield Tally(1, held)

    return Leftovers(place, kind, count, remove_each)


def delete(path: Path) -> None:
    """Delete a file, or a folder with what is in it."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def size(path: Path) -> int:
    """Return the bytes of a file, or of the files in a folder; 0 if it is not there."""
    return sum(found.st_size for found in _stats(path) if stat.S_ISREG(found.st_mode))


def last_change(path: Path) -> float:
    """Return the time of the last change of a file or of anything in a folder; infinity if it is gone."""
    return max((found.st_mtime for found in _stats(path)), default=math.inf)


def database_size(engine: Engine) -> int:
    """Return the bytes of a database."""
    with engine.connect() as connection:
        found: int = connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
    return found


def tables_with_dead_rows(engine: Engine, schema: str | None = None) -> list[str]:
    """Return the tables of a schema, by default that of the connection, that have deleted rows.

    The database counts them a moment later, so the newest may be missing.
    """
    with engine.connect() as connection:
        return list(connection.execute(_WITH_DEAD_ROWS, {"schema": schema}).scalars())


def vacuum(engine: Engine, tables: Iterable[str]) -> None:
    """Make the room of deleted rows free for new ones."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in tables:
            connection.exec_driver_sql(f"VACUUM (ANALYZE) {table}")


def _find_dead(storage: Storage, place: str) -> Iterator[Path]:
    """Find temporaries that nobody writes any more.

    A day without a change is not enough: a process may have been stopped for longer, as with a laptop that was
    closed. A writer holds the lock of its partition on a connection that is older than its files.
    """
    before = storage.settings.clock.now - _DEAD_AFTER
    with storage.warehouse.connect() as connection:
        oldest = connection.execute(_OLDEST_WRITER).scalar()
    if oldest is not None:
        before = min(before, oldest - _CLOCKS_DIFFER_BY)
    for pattern in TEMPORARIES[place]:
        for path in (storage.settings.data_dir / place).glob(pattern):
            if last_change(path) < before.timestamp():
                yield path


def _stats(path: Path) -> Iterator[stat_result]:
    """Look at a file or folder and all that is in it; what vanishes meanwhile is left out."""
    with suppress(FileNotFoundError):
        yield path.lstat()
    for folder, folders, files in walk(path):
        for name in (*folders, *files):
            with suppress(FileNotFoundError):
                yield Path(folder, name).lstat()
