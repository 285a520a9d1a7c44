"""DuckDB connections: threads, memory limit, spilling, UTC; and the few words of SQL that paths need."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from usage_pipeline.settings import Settings


@contextmanager
def connect(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty in-memory database that spills to the data directory; closed at the end."""
    spill = settings.data_dir / "tmp" / "duckdb"
    spill.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect(
        config={
            "threads": settings.duckdb_threads,
            "memory_limit": settings.duckdb_memory_limit,
            "temp_directory": str(spill),
            "preserve_insertion_order": False,
        }
    )
    try:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection
    finally:
        connection.close()


def literal(text: str) -> str:
    """The text as an SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def parquet_scan(paths: Iterable[Path]) -> str:
    """A table function call that reads exactly these files, whatever characters their paths hold."""
    names = ", ".join(literal(_without_globs(str(path))) for path in paths)
    return f"read_parquet([{names}], hive_partitioning = false)"


def _without_globs(path: str) -> str:
    return "".join(f"[{char}]" if char in "*?[" else char for char in path)
