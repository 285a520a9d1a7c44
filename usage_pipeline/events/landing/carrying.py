"""Carries over what stood on the lines that an erasure has blanked, when their file lands with new content.

Only the lake has these events: without this a file that grows after an erasure would lose them.
"""

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
    events, kept = tally.events, list[str]()
    for spec in _CARRIED:
        before, now = (
            lake.object(spec, landing.file.landing_day, name) for name in (former.object_name, new_name)
        )
        if not lake.exists(before):
            continue
        carried = _carried(spec, before)
        if number := _count(duck, carried):
            _add(duck, lake, carried, now)
            _note(duck, tally, spec, carried, number)
        if spec is not CONTENT:  # a text is that of an event
            kept.append(f"SELECT DISTINCT landing_line FROM ({carried})")
    lines = _count(duck, " UNION ".join(kept)) if kept else 0
    duck.unregister("blank_lines")
    tally.further_events += tally.events - events - lines
    return LineCounts(counts.lines, counts.header, counts.continuation, counts.blank - lines)


def _count(duck: DuckDBPyConnection, select: str) -> int:
    return int(duck.execute(f"SELECT count(*) FROM ({select})").fetchall()[0][0])


def _carried(spec: TableSpec, path: Path) -> str:
    is_blank = "landing_line IN (SELECT line FROM blank_lines)"
    return f"SELECT * FROM {parquet_scan([path])} WHERE {is_blank} AND {_CARRIED[spec]}"


def _add(duck: DuckDBPyConnection, lake: Lake, select: str, now: Path) -> None:
    if lake.exists(now):
        select = f"FROM {parquet_scan([now])} UNION ALL BY NAME {select}"
    lake.replace(now, partial(_copy, duck, select))


def _copy(duck: DuckDBPyConnection, select: str, path: Path) -> None:
    duck.execute(f"COPY ({select}) TO {literal(str(path))} ({OPTIONS})")


def _note(duck: DuckDBPyConnection, tally: Tally, spec: TableSpec, carried: str, number: int) -> None:
    """Add the rows to the tally."""
    if spec is CONTENT:
        tally.texts += number
    elif spec is LANDED_EVENTS:
        tally.accepted += number
    else:
        reasons = duck.execute(f"SELECT reason, count(*) FROM ({carried}) GROUP BY reason").fetchall()
        for reason, rejected in reasons:
            tally.rejects[reason] = tally.rejects.get(reason, 0) + rejected
