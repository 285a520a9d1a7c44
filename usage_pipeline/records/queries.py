"""Reads the lines that became no records, for people: rejected when they landed, or set aside afterwards."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from usage_pipeline.events.landing.rejects import count_rejects, read_rejects
from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.records.tables import EXCLUDED_EVENTS
from usage_pipeline.storage import landed_files
from usage_pipeline.storage.engine import parquet_scan, session
from usage_pipeline.storage.opened import Storage

_VOID = "void_without_target"
_EXPECTED = {
    "conflict": "the content of the line that landed first",
    _VOID: "a record with this id on this day",
}
"""Verdicts that somebody should look at, and what was expected; a duplicate is normal, and a void is meant."""

Place = tuple[object, object, object]
"""File, line and event."""


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


def count_faults(storage: Storage, asked: LandingRange) -> list[dict[str, object]]:
    """Count the same lines, and the files that they are in, by reason; the most frequent reason first."""
    counts = {**count_rejects(storage, asked.first, asked.last), **_count_excluded_events(storage, asked)}
    by_reason = defaultdict[str, list[int]](list)
    for (path, reason), lines in counts.items():
        if asked.path in {None, path}:
            by_reason[reason].append(lines)
    ordered = sorted(by_reason.items(), key=lambda entry: (-sum(entry[1]), entry[0]))
    return [{"reason": reason, "lines": sum(found), "files": len(found)} for reason, found in ordered]


def _landing_order(row: dict[str, object]) -> tuple[str, str, object, object]:
    path = str(row["landing_file"])
    return path.split("/")[1], path, row["landing_line"], row["landing_event"]


def _read_excluded_events(storage: Storage, asked: LandingRange, limit: int) -> list[dict[str, object]]:
    rows = _select_excluded_events(
        storage,
        asked,
        "tenant_id, record_id, verdict, landing_file, landing_line, landing_event, "
        "decided_by_file, decided_by_line, decided_by_event",
        f"ORDER BY split_part(landing_file, '/', 2), landing_file, landing_line, landing_event LIMIT {limit}",
    )
    targets = _read_targets(storage, {path for _, _, verdict, path, *_ in rows if verdict == _VOID})
    with storage.warehouse.connect() as connection:
        several = landed_files.files_of_several_events(connection)
    found = [_as_fault(*row, several=several) for row in rows]
    return [fault | _as_named(targets.get(_place(fault))) for fault in found]


def _place(fault: Mapping[str, object]) -> Place:
    return fault["landing_file"], fault["landing_line"], fault["landing_event"]


def _read_targets(storage: Storage, paths: Collection[str]) -> Mapping[Place, tuple[str, str]]:
    """Return source and id of the record that each void of these files names, as long as the lake has its line."""
    if not paths:
        return {}
    with storage.warehouse.connect() as connection:
        files = [file for file in landed_files.files(connection) if file.path in paths]
    objects = [storage.lake.object(LANDED_EVENTS, file.landing_day, file.object_name) for file in files]
    present = [path for path in objects if storage.lake.exists(path)]
    if not present:
        return {}
    with session(storage.engine) as duck:
        rows = duck.execute(
            "SELECT landing_file, landing_line, landing_event, void_source, void_record_id "
            f"FROM {parquet_scan(present)} WHERE type = 'void'"
        ).fetchall()
    return {(file, line, event): (source, record_id) for file, line, event, source, record_id in rows}


def _as_named(target: tuple[str, str] | None) -> dict[str, object]:
    """Return what a void says of the record that it names; nothing if that is not known."""
    if target is None:
        return {}
    source, record_id = target
    expected = f"a record of {source} with this id on this day"
    return {"field": "void_record_id", "found": record_id, "expected": expected}


def _count_excluded_events(storage: Storage, asked: LandingRange) -> dict[tuple[str, str], int]:
    rows = _select_excluded_events(storage, asked, "landing_file, verdict, count(*)", "GROUP BY ALL")
    return {(path, verdict): lines for path, verdict, lines in rows}


def _select_excluded_events(
    storage: Storage, asked: LandingRange, columns: str, rest: str
) -> Sequence[Sequence[Any]]:
    paths = [path for _, path in sorted(storage.lake.days(EXCLUDED_EVENTS.spec).items())]
    if not paths:
        return []
    with session(storage.engine) as duck:
        return duck.execute(
            f"SELECT {columns} FROM {parquet_scan(paths)} WHERE list_contains($verdicts, verdict) "
            "AND CAST(split_part(landing_file, '/', 2) AS DATE) BETWEEN $first AND $last "
            f"AND ($path IS NULL OR landing_file = $path) {rest}",
            {"verdicts": list(_EXPECTED), **vars(asked)},
        ).fetchall()


def _as_fault(  # noqa: PLR0913, PLR0917 - one argument per column
    tenant: str,
    record_id: str,
    verdict: str,
    file: str,
    line: int,
    event: int,
    other_file: str | None,
    other_line: int,
    other_event: int,
    *,
    several: Collection[str],
) -> dict[str, object]:
    decided_by = landed_files.place(other_file, other_line, other_event, several) if other_file else None
    return {
        "landing_file": file,
        "landing_line": line,
        "landing_event": event,
        "tenant_id": tenant,
        "reason": verdict,
        "field": "record_id",
        "found": record_id,
        "expected": ", ".join(filter(None, (_EXPECTED[verdict], decided_by))),
        "raw": None,
    }
