"""Reads the lines that became no records, for people: rejected when they landed, or set aside afterwards."""

from dataclasses import dataclass
from datetime import date

from usage_pipeline.events.landing.rejects import read_rejects
from usage_pipeline.records.tables import EXCLUDED_EVENTS
from usage_pipeline.storage.engine import parquet_scan, session
from usage_pipeline.storage.opened import Storage

_EXPECTED = {
    "conflict": "the content of the line that landed first",
    "void_without_target": "a record with this id on this day",
}
"""Verdicts that somebody should look at, and what was expected; a duplicate is normal, and a void is meant."""


@dataclass(frozen=True)
class LandingRange:
    """Which lines are asked for: landing days from first to last, and one file only if `path` is given."""

    first: date
    last: date
    path: str | None = None


def read_faults(storage: Storage, asked: LandingRange, limit: int) -> list[dict[str, object]]:
    """Rejected lines, conflicts and voids without a target, in landing order, at most `limit` of them."""
    rejected = read_rejects(storage, asked.first, asked.last, asked.path, limit)
    found = [*rejected, *_read_excluded_events(storage, asked, limit)]
    return sorted(found, key=_landing_order)[:limit]


def _landing_order(row: dict[str, object]) -> tuple[str, str, object]:
    path = str(row["landing_file"])
    return path.split("/")[1], path, row["landing_line"]


def _read_excluded_events(storage: Storage, asked: LandingRange, limit: int) -> list[dict[str, object]]:
    paths = [path for _, path in sorted(storage.lake.days(EXCLUDED_EVENTS.spec).items())]
    if not paths:
        return []
    with session(storage.engine) as duck:
        rows = duck.execute(
            "SELECT tenant_id, record_id, verdict, landing_file, landing_line, decided_by_file, decided_by_line "
            f"FROM {parquet_scan(paths)} WHERE list_contains($verdicts, verdict) "
            "AND CAST(split_part(landing_file, '/', 2) AS DATE) BETWEEN $first AND $last "
            "AND ($path IS NULL OR landing_file = $path) "
            "ORDER BY split_part(landing_file, '/', 2), landing_file, landing_line LIMIT $limit",
            {"verdicts": list(_EXPECTED), **vars(asked), "limit": limit},
        ).fetchall()
    return [_as_fault(*row) for row in rows]


def _as_fault(  # noqa: PLR0913, PLR0917 - one argument per column
    tenant: str, record_id: str, verdict: str, file: str, line: int, other_file: str | None, other_line: int | None
) -> dict[str, object]:
    place = f", {other_file}:{other_line}" if other_file else ""
    return {
        "landing_file": file,
        "landing_line": line,
        "tenant_id": tenant,
        "reason": verdict,
        "field": "record_id",
        "found": record_id,
        "expected": f"{_EXPECTED[verdict]}{place}",
        "raw": None,
    }
