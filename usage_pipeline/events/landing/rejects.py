"""Reads rejected lines, and explains reject reasons; docs/formats.md has more about them."""

from datetime import date
from pathlib import Path

from usage_pipeline.events.record import REJECTED_LINES
from usage_pipeline.storage import landed_files
from usage_pipeline.storage.engine import parquet_scan, session
from usage_pipeline.storage.opened import Storage

INVALID, MISSING = "invalid_<column>", "missing_<column>"
"""The entries of MEANINGS for the reasons `invalid_tokens_in`, `missing_tokens_in` and the like."""

MEANINGS = {
    "malformed_json": "The line is not valid JSON, or cut off",
    "not_an_object": "The line is JSON, but not one object",
    "not_a_list": "What `each` leads to is no list",
    "malformed_csv": "Other fields than the header, or an open quote",
    "not_utf8": "The line is not UTF-8 text",
    "line_too_long": "The line is longer than 16 MiB",
    "missing_tenant_id": "Neither the line nor its folder names a tenant",
    "tenant_mismatch": "The line and its folder name two tenants",
    "missing_record_id": "The line has no id",
    "missing_type": "The line does not say what happened",
    "missing_occurred_at": "The line does not say when it happened",
    "missing_void_source": "A void does not say whose record it takes back",
    "missing_void_record_id": "A void does not say which record it takes back",
    "unknown_type": "The format lists no such type of event",
    MISSING: "The line lacks what its format requires",
    INVALID: "A value is not of the expected form",
    "token_invariant": "More cached than input, or reasoning than output",
    "timestamp_in_future": "It happened after the day on which it landed",
    "past_retention": "It is older than the plan of its tenant keeps",
    "erased": "It happened before its tenant was erased",
    "before_calendar": "It happened before the first day of the calendar",
}


def listed_as(reason: str) -> str:
    """Return the key of MEANINGS for a reason."""
    if reason.startswith("missing_") and reason not in MEANINGS:
        return MISSING
    return INVALID if reason.startswith("invalid_") else reason


def read_rejects(
    storage: Storage, first: date, last: date, path: str | None = None, limit: int | None = None
) -> list[dict[str, object]]:
    """Return rejected lines of the landing days from first to last, in landing order, at most `limit`."""
    present = _objects(storage, first, last, path)
    if not present:
        return []
    names = REJECTED_LINES.column_names
    with session(storage.engine) as duck:
        rows = duck.execute(
            f"FROM {parquet_scan(present)} "
            "ORDER BY split_part(landing_file, '/', 2), landing_file, landing_line, landing_event"
            + (f" LIMIT {limit}" if limit is not None else "")
        ).fetchall()
    return [dict(zip(names, row, strict=True)) for row in rows]


def count_rejects(storage: Storage, first: date = date.min, last: date = date.max) -> dict[tuple[str, str], int]:
    """Count the rejected lines of the landing days from first to last, by landing file and reason."""
    present = _objects(storage, first, last)
    if not present:
        return {}
    with session(storage.engine) as duck:
        rows = duck.execute(
            f"SELECT landing_file, reason, count(*) FROM {parquet_scan(present)} GROUP BY landing_file, reason"
        ).fetchall()
    return {(path, reason): lines for path, reason, lines in rows}


def _objects(storage: Storage, first: date, last: date, path: str | None = None) -> list[Path]:
    """Return the paths of the objects of these landing days; pruned ones are left out."""
    with storage.warehouse.connect() as connection:
        files = [
            file
            for file in landed_files.files(connection)
            if file.rejected and first <= file.landing_day <= last and path in (None, file.path)
        ]
    objects = [storage.lake.object(REJECTED_LINES, file.landing_day, file.object_name) for file in files]
    return [found for found in objects if storage.lake.exists(found)]
