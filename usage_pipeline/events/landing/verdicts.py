"""Counts the validated lines of files by verdict."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from duckdb import DuckDBPyConnection

from usage_pipeline.events.landing.extract import compared_number
from usage_pipeline.events.landing.lines import LineCounts
from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.events.source_format import SourceFormat
from usage_pipeline.storage.digests import Digest, hash_sum
from usage_pipeline.storage.engine import parquet_scan
from usage_pipeline.storage.landed_days import LandedDay

SKIPPED = "skipped"
"""The reason of lines that are no events, which are neither accepted nor rejected."""
SUPERSEDED = "superseded"
"""The reason of lines in whose place another of the same id counts; each would be accepted by itself."""


@dataclass
class Tally:
    """The lines of a file by verdict; `texts` and `totals` are those of accepted lines."""

    accepted: int = 0
    voids: int = 0
    texts: int = 0
    skipped: int = 0
    superseded: int = 0
    uncompared: int = 0
    """Those of them without the number by which `repeats` compares lines."""
    further_events: int = 0
    """Those that are not the first of their line."""
    totals_compared: int = 0
    totals_apart: int = 0
    tokens_apart: int = 0
    """The difference of the totals that are reported to input plus output."""
    without_list: int = 0
    """Those in which `each` leads nowhere."""
    with_list: int = 0
    """Those in which it leads to events, or to an empty list."""
    rejects: dict[str, int] = field(default_factory=dict)
    """Rejected lines by reason."""

    @property
    def rejected(self) -> int:
        """The number of rejected lines."""
        return sum(self.rejects.values())

    @property
    def events(self) -> int:
        """The number of lines that are events, or should be."""
        return self.accepted + self.superseded + self.rejected


@dataclass(frozen=True)
class Verdicts:
    """The counts of a file's lines: `counts.validated + tally.further_events = tally.events + tally.skipped`."""

    content_digest: str
    counts: LineCounts
    tally: Tally
    event_days: list[LandedDay]


NO_VERDICTS = Verdicts("", LineCounts(), Tally(), [])
"""The verdicts of a file that cannot be read."""


def lost_events(source_format: SourceFormat, tally: Tally) -> str | None:
    """Return what is to be said of a file in which `each` leads nowhere, because its usage may be missed."""
    if not tally.without_list or tally.with_list:
        return None
    return f"`each` leads nowhere: none of its lines has a list at {source_format.each}"


def tallies(duck: DuckDBPyConnection, source_format: SourceFormat, numbers: Iterable[int]) -> dict[int, Tally]:
    """Count the lines of `staged` by file number."""
    of_each = "0, 0, 0"
    if source_format.each:
        of_each = "count(*) FILTER (landing_event > 1), count(*) FILTER (is_lost), count(*) FILTER (NOT is_lost)"
    number = compared_number(source_format)
    without_number = f"count(*) - count({number})" if number else "0"
    found = {file: Tally() for file in numbers}
    rows = duck.execute(
        "SELECT file, reason, count(*), count(*) FILTER (reason IS NULL AND type = 'void'), "
        "count(*) FILTER (reason IS NULL AND has_text), count(tokens_apart), "
        "count(nullif(tokens_apart, 0)), CAST(coalesce(sum(tokens_apart), 0) AS BIGINT), "
        f"{without_number}, {of_each} FROM staged GROUP BY file, reason"
    ).fetchall()
    for file, reason, lines, voids, texts, *totals, uncompared, further_events, without_list, with_list in rows:
        tally = found[file]
        tally.further_events += further_events
        tally.without_list += without_list
        tally.with_list += with_list
        if reason is None:
            tally.accepted, tally.voids, tally.texts = lines, voids, texts
            tally.totals_compared, tally.totals_apart, tally.tokens_apart = totals
        elif reason == SKIPPED:
            tally.skipped = lines
        elif reason == SUPERSEDED:
            tally.superseded, tally.uncompared = lines, uncompared
        else:
            tally.rejects[reason] = lines
    return found


def event_days(duck: DuckDBPyConnection, objects: Collection[Path]) -> dict[str, list[LandedDay]]:
    """Read back the rows and digests of these objects of `landed_events`, by landing file and event day."""
    rows = duck.execute(
        f"SELECT landing_file, event_day, count(*), {hash_sum(LANDED_EVENTS.digested)} "
        f"FROM {parquet_scan(objects)} GROUP BY landing_file, event_day ORDER BY landing_file, event_day"
    ).fetchall()
    found: dict[str, list[LandedDay]] = {}
    for path, day, count, total in rows:
        found.setdefault(path, []).append(LandedDay(path, day, count, str(Digest(count, total))))
    return found
