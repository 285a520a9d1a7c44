"""Counts the validated lines by file and verdict: one query over all files of a group."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from duckdb import DuckDBPyConnection

from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.storage.digests import Digest, hash_sum
from usage_pipeline.storage.engine import parquet_scan
from usage_pipeline.storage.landed_files import LandedDay


@dataclass
class Tally:
    """The lines of a file by verdict. `texts` are accepted lines that have any."""

    accepted: int = 0
    voids: int = 0
    texts: int = 0
    rejects: dict[str, int] = field(default_factory=dict)


def tallies(duck: DuckDBPyConnection, numbers: Iterable[int]) -> dict[int, Tally]:
    """The tally of each file, by its number."""
    found = {number: Tally() for number in numbers}
    rows = duck.execute(
        "SELECT file, reason, count(*), count(*) FILTER (reason IS NULL AND type = 'void'), "
        "count(*) FILTER (reason IS NULL AND has_text) FROM staged GROUP BY file, reason"
    ).fetchall()
    for number, reason, lines, voids, texts in rows:
        tally = found[number]
        if reason is None:
            tally.accepted, tally.voids, tally.texts = lines, voids, texts
        else:
            tally.rejects[reason] = lines
    return found


def event_days(duck: DuckDBPyConnection, objects: Collection[Path]) -> dict[str, list[LandedDay]]:
    """What these objects of `landed_events` hold, by landing file, as it is read back from them."""
    rows = duck.execute(
        f"SELECT landing_file, event_day, count(*), {hash_sum(LANDED_EVENTS.digested)} "
        f"FROM {parquet_scan(objects)} GROUP BY landing_file, event_day ORDER BY landing_file, event_day"
    ).fetchall()
    found: dict[str, list[LandedDay]] = {}
    for path, day, count, total in rows:
        found.setdefault(path, []).append(LandedDay(path, day, count, str(Digest(count, total))))
    return found
