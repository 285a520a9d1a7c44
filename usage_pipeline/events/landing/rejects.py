"""Reads the lines that were not accepted, for people."""

from datetime import date
from pathlib import Path

from usage_pipeline.events.record import REJECTED_LINES
from usage_pipeline.storage import landed_files
from usage_pipeline.storage.engine import parquet_scan, session
from usage_pipeline.storage.opened import Storage


def read_rejects(
    storage: Storage, first: date, last: date, path: str | None = None, limit: int | None = None
) -> list[dict[str, object]]:
    """Rejected lines of the landing days from first to last, in landing order, at most `limit` of them."""
    present = _objects(storage, first, last, path)
    if not present:
        return []
    names = REJECTED_LINES.column_names
    with session(storage.engine) as duck:
        rows = duck.execute(
            f"FROM {parquet_scan(present)} ORDER BY split_part(landing_file, '/', 2), landing_file, landing_line"
            + (f" LIMIT {limit}" if limit is not None else "")
        ).fetchall()
    return [dict(zip(names, row, strict=True)) for row in rows]


def count_rejects(storage: Storage, first: date = date.min, last: date = date.max) -> dict[tuple[str, str], int]:
    """How many lines of the landing days from first to last were rejected, by landing file and reason."""
    present = _objects(storage, first, last)
    if not present:
        return {}
    with session(storage.engine) as duck:
        rows = duck.execute(
            f"SELECT landing_file, reason, count(*) FROM {parquet_scan(present)} GROUP BY landing_file, reason"
        ).fetchall()
    return {(path, reason): lines for path, reason, lines in rows}


def _objects(storage: Storage, first: date, last: date, path: str | None = None) -> list[Path]:
    """Where the rejected lines of these landing days lie; what was pruned is left out."""
    with storage.warehouse.connect() as connection:
        files = [
            file
            for file in landed_files.files(connection)
            if file.rejected and first <= file.landing_day <= last and path in (None, file.path)
        ]
    objects = [storage.lake.object(REJECTED_LINES, file.landing_day, file.object_name) for file in files]
    return [found for found in objects if storage.lake.exists(found)]
