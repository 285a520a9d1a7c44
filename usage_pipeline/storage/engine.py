"""DuckDB connections: threads, memory limit, spilling, UTC; and the few words of SQL that paths need."""

import atexit
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import duckdb

from usage_pipeline.errors import PartitionError, UndecidedDaysError, UnstorableError
from usage_pipeline.settings import Settings
from usage_pipeline.storage.stopping import present_question

PARQUET = (
    "FORMAT parquet, PARQUET_VERSION V2, COMPRESSION zstd, COMPRESSION_LEVEL 1, "
    "DICTIONARY_SIZE_LIMIT 500, WRITE_BLOOM_FILTER false"
)
"""Options of objects of lake and rollups. Each takes less time and no more room than the default: the second
version's encodings, the quickest level, no dictionaries that grow large, and no Bloom filters. Room for a whole
dictionary is made for each column, however few rows there are.
"""


@contextmanager
def open_engine(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty in-memory database that spills to the data directory; closed at the end."""
    spill = settings.data_dir / "tmp" / "duckdb"
    spill.mkdir(parents=True, exist_ok=True)
    engine = duckdb.connect(
        config={
            "threads": settings.duckdb_threads,
            "async_threads": settings.duckdb_threads,  # they read files; eight wake each other for small ones
            "memory_limit": settings.duckdb_memory_limit,
            "temp_directory": str(spill),
            "preserve_insertion_order": False,
        }
    )
    try:
        engine.execute("SET GLOBAL TimeZone = 'UTC'")
        # Tables and checks read the same landed files ten times, and of a small file the footer takes half of it.
        # Of a file that was replaced the new one is read, and kept footers make room when memory is short.
        engine.execute("SET GLOBAL parquet_metadata_cache = true")
        # A stream of lines has no known size, and the optimizer would take it for the small side of a join
        # and keep it in memory. Our SELECTs name the large side first.
        engine.execute("SET GLOBAL disabled_optimizers = 'join_order,build_side_probe_side'")
        yield engine
    finally:
        engine.close()


_PARSED: dict[str, duckdb.Statement] = {}
"""Parsed statements by their text, for all engines of a process."""
atexit.register(_PARSED.clear)  # DuckDB complains of those left at the end
_MOST_PARSED = 2_000_000
"""Their characters, each of which takes some bytes: ten times what all tables and formats have."""


def execute_parsed(
    duck: duckdb.DuckDBPyConnection, sql: str, values: Mapping[str, object] | Sequence[object] | None = None
) -> duckdb.DuckDBPyConnection:
    """Execute a statement that is parsed only once, because parsing takes a fifth of the time of a small day.

    It is planned each time. What differs from day to day, such as a path, should be a value.
    """
    statement = _PARSED.get(sql)
    if statement is None:
        (statement,) = duck.extract_statements(sql)
        if sum(map(len, _PARSED)) + len(sql) > _MOST_PARSED:
            _PARSED.clear()
        _PARSED[sql] = statement
    return duck.execute(statement, values)


@contextmanager
def session(engine: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection for one computation: its temporary views and tables are its own and go with it.

    Opening a session costs a tenth of a millisecond, opening an engine a hundred times that. Raises StoppedError
    when the question that it is for is stopped.
    """
    connection = engine.cursor()
    try:
        with present_question().working(connection):
            yield connection
    finally:
        connection.close()


def named_rows(result: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """The rows of a result, each by the names of its columns."""
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def literal(text: str) -> str:
    """The text as an SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def list_literal(texts: Iterable[str]) -> str:
    """The texts as an SQL literal of their list."""
    return f"[{', '.join(map(literal, texts))}]"


def parquet_scan(paths: Iterable[Path], *options: str) -> str:
    """A table function call that reads exactly these files, whatever characters their paths hold."""
    return _scan(_list(paths), *options)


def parquet_scan_of(name: str, *options: str) -> str:
    """The same of the files that a value of this name lists, as `scanned` writes them."""
    return _scan(f"${name}", *options)


def scanned(paths: Iterable[Path]) -> list[str]:
    """The value of the files for `parquet_scan_of`."""
    return [_without_globs(str(path)) for path in paths]


def shared_columns(duck: duckdb.DuckDBPyConnection, paths: Collection[Path]) -> frozenset[str]:
    """The columns that each of these Parquet files has."""
    found = duck.execute(
        f"SELECT name FROM parquet_schema({_list(paths)}) "
        f"GROUP BY name HAVING count(DISTINCT file_name) = {len(paths)}"
    )
    return frozenset(name for (name,) in found.fetchall())


def _list(paths: Iterable[Path]) -> str:
    return list_literal(scanned(paths))


def _scan(files: str, *options: str) -> str:
    return f"read_parquet({', '.join([files, 'hive_partitioning = false', *options])})"


def _without_globs(path: str) -> str:
    return "".join(f"[{char}]" if char in "*?[" else char for char in path)


_TRIES = 5
_LASTING = (duckdb.OutOfMemoryException, UndecidedDaysError, UnstorableError)
Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")


def undisturbed(read: Callable[Asked, Answer]) -> Callable[Asked, Answer]:
    """Let a function that reads objects begin anew when it fails: another process may have replaced one.

    What would be the same again is raised at once.
    """

    @wraps(read)
    def again(*args: Asked.args, **kwargs: Asked.kwargs) -> Answer:
        for _ in range(_TRIES - 1):
            try:
                return read(*args, **kwargs)
            except _LASTING:
                raise
            except (duckdb.Error, PartitionError):
                present_question().expect_wanted()
        return read(*args, **kwargs)

    return again


@contextmanager
def damage_named() -> Iterator[None]:
    """Turn errors of DuckDB on damaged objects into a PartitionError with advice. Want of memory is none."""
    try:
        yield
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error as error:
        raise PartitionError(
            f"An object cannot be read: {str(error).splitlines()[0]} "
            "If it is damaged, `usage-pipeline recompute` writes its day again."
        ) from None
