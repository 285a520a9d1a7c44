"""Files that DuckDB writes of one SELECT, row by row, beside reports: CSV, JSON lines and Parquet.

Each is there whole or not at all. Texts in CSV are as in `csv_cells`. In JSON, decimals are texts, so that they
stay exact. Times are UTC.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

from duckdb import DuckDBPyConnection

from usage_pipeline.csv_cells import LINE_END, harmless_sql
from usage_pipeline.storage.engine import literal

SECONDS, MICROSECONDS = "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S.%fZ"
"""How times are written."""


def copy_csv(duck: DuckDBPyConnection, select: str, file: Path, times: str) -> None:
    """Write a CSV file with one header."""
    types = _types(duck, select)
    texts = [name for name, kind in types if kind == "VARCHAR"]
    harmless = _replaced(select, texts, harmless_sql)
    quoted = f"FORCE_QUOTE ({', '.join(texts)})"
    form = f"FORMAT csv, HEADER, NEW_LINE {literal(LINE_END)}, {quoted}, TIMESTAMPFORMAT {literal(times)}"
    _copy(duck, harmless, file, form)


def copy_json_lines(duck: DuckDBPyConnection, select: str, file: Path, times: str) -> None:
    """Write a file with a JSON object on each line."""
    decimals = [name for name, kind in _types(duck, select) if kind.startswith("DECIMAL")]
    exact = _replaced(select, decimals, lambda name: f"CAST({name} AS VARCHAR)")
    _copy(duck, exact, file, f"FORMAT json, TIMESTAMPFORMAT {literal(times)}")


def copy_parquet(duck: DuckDBPyConnection, select: str, file: Path) -> None:
    """Write a Parquet file, whose times say that they are UTC."""
    times = [name for name, kind in _types(duck, select) if kind == "TIMESTAMP"]
    in_utc = _replaced(select, times, lambda name: f"{name} AT TIME ZONE 'UTC'")
    _copy(duck, in_utc, file, "FORMAT parquet, COMPRESSION zstd")


def _types(duck: DuckDBPyConnection, select: str) -> list[tuple[str, str]]:
    """Return the names of the columns, as SQL has them, and their types."""
    found = duck.execute(f"DESCRIBE ({select})").fetchall()
    return [(f'"{name}"', kind) for name, kind, *_ in found]


def _replaced(select: str, names: Iterable[str], make: Callable[[str], str]) -> str:
    """Return the SELECT with other values in some of its columns."""
    values = ", ".join(f"{make(name)} AS {name}" for name in names)
    return f"SELECT * REPLACE ({values}) FROM ({select})" if values else select


def _copy(duck: DuckDBPyConnection, select: str, file: Path, form: str) -> None:
    unfinished = file.with_name(f".{file.name}.part")
    try:
        duck.execute(f"COPY ({select}) TO {literal(str(unfinished))} ({form})")
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)
