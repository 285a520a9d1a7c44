"""What is asked about: the rows of some days of a table, readable in DuckDB under the table's name."""

from collections.abc import Collection, Sequence
from datetime import date
from pathlib import Path

from duckdb import DuckDBPyConnection
from pyarrow import parquet
from sqlalchemy import Connection

from usage_pipeline.errors import PartitionError
from usage_pipeline.storage import landed_files
from usage_pipeline.storage.engine import parquet_scan
from usage_pipeline.storage.landed_files import FileState, LandedFile
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.rows import register_rows
from usage_pipeline.storage.tables import PartitionedBy, TableSpec, columns

LANDING_FILES = columns(
    ("path", "VARCHAR", "Path below the landing directory."),
    ("source", "VARCHAR", "The mapping that read it."),
    ("state", "VARCHAR", "What became of it."),
    *(
        (name, "BIGINT", "How many lines.", "lines")
        for name in ("lines", "header", "continuation", "blank", "accepted", "rejected")
    ),
)


def register_days(
    spec: TableSpec, storage: Storage, connection: Connection, duck: DuckDBPyConnection, days: Collection[date]
) -> None:
    """Make the days' rows readable; of landing days their files too, as `landing_files`.

    Columns that an object lacks are left out for all, so that a check sees that they are missing. Raises
    PartitionError where an object is gone.
    """
    if spec.partitioned_by is PartitionedBy.LANDING_DAY:
        files = landed_files.files(connection, days)
        register_rows(duck, "landing_files", LANDING_FILES, map(_as_row, files))
        counted = [file for file in files if file.state is FileState.LANDED]
        paths = [storage.lake.object(spec, file.landing_day, file.object_name) for file in counted]
    else:
        paths = [storage.lake.object(spec, day) for day in days]
    _register(spec, storage, duck, paths)


def _as_row(file: LandedFile) -> list[object]:
    return [getattr(file, column.name) for column in LANDING_FILES]


def _register(spec: TableSpec, storage: Storage, duck: DuckDBPyConnection, paths: Sequence[Path]) -> None:
    missing = [str(path) for path in paths if not storage.lake.exists(path)]
    if missing:
        raise PartitionError(
            f"{spec.name}: {', '.join(missing)} is gone. Run `usage-pipeline run`: it makes anew what is missing."
        )
    if not paths:
        duck.execute(f'CREATE TEMP VIEW "{spec.name}" AS {spec.empty_select()}')
        return
    shared = set.intersection(*(set(parquet.read_schema(path).names) for path in paths))
    names = ", ".join(f'"{name}"' for name in spec.column_names if name in shared)
    duck.execute(f'CREATE TEMP VIEW "{spec.name}" AS SELECT {names} FROM {parquet_scan(paths)}')
