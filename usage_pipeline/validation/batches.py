"""Makes rows of days of a table readable in DuckDB under the table's name, and evaluates a check of several days.

The view that `with_days` names has the same rows and their day as `day`.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection
from sqlalchemy import Connection

from usage_pipeline.errors import PartitionError
from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.storage import landed_files
from usage_pipeline.storage.engine import parquet_scan, shared_columns
from usage_pipeline.storage.lake import DAY_OF_OBJECT
from usage_pipeline.storage.landed_files import LandedFile
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.pruned import PrunedTenants
from usage_pipeline.storage.rows import register_rows
from usage_pipeline.storage.tables import PartitionedBy, TableSpec, columns
from usage_pipeline.validation.results import Evaluation

UNREADABLE = (PartitionError, duckdb.BinderException, duckdb.IOException, duckdb.InvalidInputException)
"""Errors of a missing column, and of a missing or damaged file. Their texts name columns and files only."""

LANDING_FILES = "landing_files"
_LANDING_FILES = columns(
    ("path", "VARCHAR", "Path below the landing directory."),
    ("source", "VARCHAR", "The format that read it."),
    ("state", "VARCHAR", "Its state, such as landed or failed."),
    *(
        (name, "BIGINT", "Number of lines.", "lines")
        for name in ("lines", "further_events", *landed_files.LINE_OUTCOMES, "rejects_pruned", "accepted_pruned")
    ),
)


def with_days(spec: TableSpec) -> str:
    """Return the quoted name of the view with the rows and their days."""
    return f'"{spec.name}_with_days"'


def register_days(
    spec: TableSpec, storage: Storage, connection: Connection, duck: DuckDBPyConnection, days: Collection[date]
) -> None:
    """Make the rows of these days readable instead of earlier ones, and `landing_files` for landing days.

    A column that one object lacks is left out for all, so that a check sees that it is missing. Raises
    PartitionError if an object is gone.
    """
    if spec.partitioned_by is PartitionedBy.LANDING_DAY:
        files = landed_files.files(connection, days)
        register_files(duck, files)
        counted = [file for file in files if file.counts and (file.accepted_left or not file.accepted)]
        paths = [storage.lake.object(spec, file.landing_day, file.object_name) for file in counted]
    else:
        paths = [storage.lake.object(spec, day) for day in days]
    _expect_objects(spec, storage, paths)
    rows = f"({_rows(spec, duck, days, paths)})"
    if spec is LANDED_EVENTS:
        rows = PrunedTenants.on(connection, duck, [date.min]).kept(rows)
    duck.execute(f"CREATE OR REPLACE TEMP VIEW {with_days(spec)} AS FROM {rows}")
    duck.execute(f'CREATE OR REPLACE TEMP VIEW "{spec.name}" AS SELECT * EXCLUDE (day) FROM {with_days(spec)}')


def reads_landing_files_only(spec: TableSpec, select: str) -> bool:
    """Whether a SELECT over a day of this table reads its landing files and none of its rows."""
    return spec.partitioned_by is PartitionedBy.LANDING_DAY and spec.name not in select.lower()


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


def _rows(spec: TableSpec, duck: DuckDBPyConnection, days: Collection[date], paths: Sequence[Path]) -> str:
    if not paths:
        return f"SELECT *, CAST(NULL AS DATE) AS day FROM ({spec.empty_select()})"
    shared = shared_columns(duck, paths)
    names = ", ".join(f'"{name}"' for name in spec.column_names if name in shared)
    if len(days) == 1:  # a constant, which costs nothing to group by
        (day,) = days
        return f"SELECT {names}, DATE '{day}' AS day FROM {parquet_scan(paths)}"
    return f"SELECT {names}, {DAY_OF_OBJECT} AS day FROM {parquet_scan(paths, 'filename = true')}"


def evaluated(
    evaluate: Callable[[Sequence[date]], Mapping[date, Evaluation]], days: Sequence[date]
) -> dict[date, Evaluation]:
    """Evaluate the days together, or each alone if rows cannot be read. A day that cannot be read fails."""
    if not days:
        return {}
    try:
        return dict(evaluate(days))
    except UNREADABLE as error:
        if len(days) > 1:
            return {day: found for one in days for day, found in evaluated(evaluate, [one]).items()}
        return {days[0]: unreadable(error)}


def unreadable(error: Exception) -> Evaluation:
    """Return the failed evaluation of a day whose rows cannot be read."""
    reason = str(error) if isinstance(error, PartitionError) else str(error).splitlines()[0]
    return Evaluation(success=False, observed=f"nothing could be read: {reason}", expected="rows that can be read")
