"""Carries over what stood on the lines that an erasure has blanked, when their file lands with new content.

Only the lake has these events: without this a file that grows after an erasure would lose them.
"""

from collections import Counter
from functools import partial
from pathlib import Path

import pyarrow as pa
from duckdb import DuckDBPyConnection

from usage_pipeline.events.format_parts import FileType
from usage_pipeline.events.landing.blanking import blank_lines
from usage_pipeline.events.landing.lines import LineCounts
from usage_pipeline.events.landing.objects import OPTIONS
from usage_pipeline.events.landing.reading_ahead import OpenFile
from usage_pipeline.events.landing.verdicts import Tally
from usage_pipeline.events.record import CONTENT, LANDED_EVENTS, REJECTED_LINES
from usage_pipeline.storage.engine import literal, parquet_scan
from usage_pipeline.storage.lake import Lake
from usage_pipeline.storage.tables import TableSpec

_CARRIED = {
    LANDED_EVENTS: "type IS NOT NULL",  # of a pruned event only the id is there
    CONTENT: "true",
    REJECTED_LINES: "true",
}


def carry_over(duck: DuckDBPyConnection, lake: Lake, file: OpenFile, tally: Tally) -> LineCounts:
    """Add the rows of blank lines to the file's objects and its tally. Returns the counts of lines with these."""
    counts, landing = file.reader.counts, file.landing
    former = landing.erased_former(file.reader.digest)
    if former is None or former.object_name is None:
        return counts
    new_name, compression = landing.object_name(file.reader.digest), landing.file.compression
    blank = blank_lines(landing.source_path, compression, is_csv=landing.file.format is FileType.CSV)
    duck.register("blank_lines", pa.table({"line": blank[blank <= counts.lines]}))
    lines: set[int] = set()
    events = tally.events
    for spec in _CARRIED:
        before, now = (
            lake.object(spec, landing.file.landing_day, name) for name in (former.object_name, new_name)
        )
        if not lake.exists(before):
            continue
        found = _rows(duck, spec, before)
        if found:
            _add(duck, lake, _carried(spec, before), now)
        lines |= _count(tally, spec, found)
    duck.unregister("blank_lines")
    tally.further_events += tally.events - events - len(lines)
    return LineCounts(counts.lines, counts.header, counts.continuation, counts.blank - len(lines))


def _rows(duck: DuckDBPyConnection, spec: TableSpec, path: Path) -> list[tuple[int, str | None]]:
    """Return the lines of the rows, which are few, and the reasons of those that were rejected."""
    reason = "reason" if spec is REJECTED_LINES else "NULL"
    return duck.execute(f"SELECT landing_line, {reason} FROM ({_carried(spec, path)})").fetchall()


def _carried(spec: TableSpec, path: Path) -> str:
    is_blank = "landing_line IN (SELECT line FROM blank_lines)"
    return f"SELECT * FROM {parquet_scan([path])} WHERE {is_blank} AND {_CARRIED[spec]}"


def _add(duck: DuckDBPyConnection, lake: Lake, select: str, now: Path) -> None:
    if lake.exists(now):
        select = f"FROM {parquet_scan([now])} UNION ALL BY NAME {select}"
    lake.replace(now, partial(_copy, duck, select))


def _copy(duck: DuckDBPyConnection, select: str, path: Path) -> None:
    duck.execute(f"COPY ({select}) TO {literal(str(path))} ({OPTIONS})")


def _count(tally: Tally, spec: TableSpec, found: list[tuple[int, str | None]]) -> set[int]:
    """Add the rows to the tally, and return their lines. A text is that of an event."""
    if spec is CONTENT:
        tally.texts += len(found)
        return set()
    lines = {line for line, _ in found}
    if spec is LANDED_EVENTS:
        tally.accepted += len(found)
    for reason, number in Counter(reason for _, reason in found if reason is not None).items():
        tally.rejects[reason] = tally.rejects.get(reason, 0) + number
    return lines
