"""What is asked about: the rows of some days of a table, readable in DuckDB under the table's name.

The same rows, each with its day as `day`, are readable under the name that `with_days` gives.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from pathlib import Path

from duckdb import DuckDBPyConnection
from sqlalchemy import Connection

from usage_pipeline.errors import PartitionError
from usage_pipeline.storage import landed_files
from usage_pipeline.storage.engine import parquet_scan, shared_columns
from usage_pipeline.storage.lake import DAY_OF_OBJECT
from usage_pipeline.storage.landed_files import LandedFile
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.rows import register_rows
from usage_pipeline.storage.tables import PartitionedBy, TableSpec, columns

LANDING_FILES = "landing_files"
_LANDING_FILES = columns(
    ("path", "VARCHAR", "Path below the landing directory."),
    ("source", "VARCHAR", "The format that read it."),
    ("state", "VARCHAR", "What became of it."),
    *(
        (name, "BIGINT", "How many lines.", "lines")
        for name in ("lines", "header", "continuation", "blank", "accepted", "rejected")
    ),
)


def with_days(spec: TableSpec) -> str:
    """The quoted name of the view that has the rows with their days, whichever days are registered."""
    return f'"{spec.name}_with_days"'


def register_days(
    spec: TableSpec, storage: Storage, connection: Connection, duck: DuckDBPyConnection, days: Collection[date]
) -> None:
    """Make the days' rows readable, in the place of others; of landing days their files too, as `landing_files`.

    Columns that an object lacks are left out for all, so that a check sees that they are missing. Raises
    PartitionError where an object is gone.
    """
    if spec.partitioned_by is PartitionedBy.LANDING_DAY:
        files = landed_files.files(connection, days)
        register_files(duck, files)
        counted = [file for file in files if file.counts]
        paths = [storage.lake.object(spec, file.landing_day, file.object_name) for file in counted]
    else:
        paths = [storage.lake.object(spec, day) for day in days]
    _expect_objects(spec, storage, paths)
    _register(spec, duck, days, paths)


def register_files(duck: DuckDBPyConnection, files: Collection[LandedFile]) -> None:
    """Make the files readable as `landing_files`, in the place of others."""
    register_rows(duck, LANDING_FILES, _LANDING_FILES, map(_as_row, files))


def _as_row(file: LandedFile) -> list[object]:
    return [getattr(file, column.name) for column in _LANDING_FILES]


def _expect_objects(spec: TableSpec, storage: Storage, paths: Iterable[Path]) -> None:
    missing = [str(path) for path in paths if not storage.lake.exists(path)]
    if missing:
        raise PartitionError(
            f"{spec.name}: {', '.join(missing)} is gone. Run `usage-pipeline run`: it computes what is missing."
        )


def _register(spec: TableSpec, duck: DuckDBPyConnection, days: Collection[date], paths: Sequence[Path]) -> None:
    rows = _rows(spec, duck, days, paths)
    duck.execute(f"CREATE OR REPLACE TEMP VIEW {with_days(spec)} AS {rows}")
    duck.execute(f'CREATE OR REPLACE TEMP VIEW "{spec.name}" AS SELECT * EXCLUDE (day) FROM {with_days(spec)}')


def _rows(spec: TableSpec, duck: DuckDBPyConnection, days: Collection[date], paths: Sequence[Path]) -> str:
    if not paths:
        return f"SELECT *, CAST(NULL AS DATE) AS day FROM ({spec.empty_select()})"
    shared = shared_columns(duck, paths)
    names = ", ".join(f'"{name}"' for name in spec.column_names if name in shared)
    if len(days) == 1:  # a constant, which costs nothing to group by
        (day,) = days
        return f"SELECT {names}, DATE '{day}' AS day FROM {parquet_scan(paths)}"
    return f"SELECT {names}, {DAY_OF_OBJECT} AS day FROM {parquet_scan(paths, 'filename = true')}"
