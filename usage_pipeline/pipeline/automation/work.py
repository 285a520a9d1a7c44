"""The work of one run, and when failed work may be tried again."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from usage_pipeline.events.landing.scan import KnownFiles
from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.pipeline.tables import CHUNK_DAYS, DAILY_TABLES
from usage_pipeline.storage.digests import fingerprint

LANDING = frozenset({LANDED_EVENTS.name})
"""The tables of work that lands."""

LANDING_AND_EVENTS = LANDING | {table.name for table in DAILY_TABLES}
"""The tables of work that lands days and computes the event days of the same dates."""

BULK_LANDING_DAYS = 2
"""Today's folder and another. If more landing days wait or are under way, event days wait for all of them:
each would be computed several times."""

FIRST_PAUSE = timedelta(minutes=5)
LONGEST_PAUSE = timedelta(hours=6)
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Work:
    """Consecutive days and the tables to compute for them.

    The digest covers the inputs of the days, so it changes when the inputs change.
    """

    tables: frozenset[str]
    days: Sequence[date]
    digest: str
    known_files: KnownFiles = KnownFiles.KEEP


@dataclass(frozen=True)
class Busy:
    """The landing days and event days with a queued or running run."""

    landing: frozenset[date] = frozenset()
    events: frozenset[date] = frozenset()


def chunks(days: Iterable[date], size: int = CHUNK_DAYS) -> list[list[date]]:
    """Cut the days into ranges of consecutive days, at most `size` each: the runs that Dagster launches."""
    found: list[list[date]] = []
    for day in sorted(days):
        if found and len(found[-1]) < size and day - found[-1][-1] == ONE_DAY:
            found[-1].append(day)
        else:
            found.append([day])
    return found


def consecutive(tables: frozenset[str], found: Mapping[date, str], size: int = CHUNK_DAYS) -> list[Work]:
    """Return the work on these tables for days with the digests of their inputs, cut by `chunks`."""
    return [
        Work(tables, chunk, fingerprint([sorted(tables), *(part for day in chunk for part in (day, found[day]))]))
        for chunk in chunks(found, size)
    ]


def due_again(failures: int, last_failure: datetime) -> datetime:
    """Return the time of the next try after failures in a row. The pause doubles up to six hours."""
    pause: timedelta = FIRST_PAUSE * 2 ** min(failures - 1, 10)
    return last_failure + min(pause, LONGEST_PAUSE)
