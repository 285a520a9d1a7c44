"""Writes the objects of files: one in `landed_events`, and one each for texts and rejected lines if any."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from duckdb import DuckDBPyConnection

from usage_pipeline.events.landing.extract import payload_columns
from usage_pipeline.events.landing.rules import landing_sql
from usage_pipeline.events.record import RECORD
from usage_pipeline.events.source_format import SourceFormat
from usage_pipeline.storage.engine import PARQUET, execute_parsed
from usage_pipeline.storage.lake import Lake
from usage_pipeline.storage.tables import TableSpec

OPTIONS = f"{PARQUET}, ROW_GROUP_SIZE 30720, ROW_GROUP_SIZE_BYTES '64MB'"
"""Row groups are limited, because each thread builds one in memory and a line may have 16 MiB of text."""

Targets = Mapping[int, Path]
"""The path of the object of each file, by the number of the file."""


def events_select(source_format: SourceFormat) -> str:
    """Return the SELECT of the accepted lines of a format."""
    record = ", ".join(f'"{column.name}"' for column in RECORD)
    payload = ", ".join(f'"{column}"' for column in payload_columns(source_format))
    return landing_sql("landed_events").format(columns=record, payload=payload)


def store(duck: DuckDBPyConnection, lake: Lake, spec: TableSpec, select: str, targets: Targets) -> None:
    """Write the rows of a SELECT as one object per file."""
    if len(targets) == 1:
        ((number, target),) = targets.items()
        lake.replace(target, partial(_copy, duck, f"FROM ({select}) WHERE file = {number}"))
    elif targets:
        lake.replace_all(spec, partial(_copy_apart, duck, select, targets))


def store_empty(duck: DuckDBPyConnection, lake: Lake, select: str, targets: Targets) -> None:
    """Write objects with the columns of a SELECT and without rows."""
    for target in targets.values():
        lake.replace(target, partial(_copy, duck, f"{select} LIMIT 0"))


def _copy(duck: DuckDBPyConnection, select: str, path: Path) -> None:
    execute_parsed(
        duck, f"COPY (SELECT * EXCLUDE (file) FROM ({select})) TO $path ({OPTIONS})", {"path": str(path)}
    )


def _copy_apart(duck: DuckDBPyConnection, select: str, targets: Targets, folder: Path) -> dict[Path, Path]:
    """Write one file per number into the folder, with an ending that no object has."""
    apart = "PARTITION_BY (file), FILE_EXTENSION 'part'"
    execute_parsed(duck, f"COPY ({select}) TO $path ({OPTIONS}, {apart})", {"path": str(folder)})
    made: dict[Path, Path] = {}
    for number, target in targets.items():
        (made[target],) = (folder / f"file={number}").iterdir()
    return made
