"""`Work`: what one run is to do, and when it may be tried again after it failed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.pipeline.chunks import chunks
from usage_pipeline.pipeline.tables import CHUNK_DAYS
from usage_pipeline.storage.digests import fingerprint

LANDING = frozenset({LANDED_EVENTS.name})
"""The tables of work that lands."""

FIRST_PAUSE = timedelta(minutes=5)
LONGEST_PAUSE = timedelta(hours=6)


@dataclass(frozen=True)
class Work:
    """Consecutive days and the tables to make for them.

    The digest covers what the days are made from: the same work has the same digest, and work whose inputs
    have changed another one.
    """

    tables: frozenset[str]
    days: Sequence[date]
    digest: str


@dataclass(frozen=True)
class Busy:
    """The days that something is under way for."""

    landing: frozenset[date] = frozenset()
    events: frozenset[date] = frozenset()


def consecutive(tables: frozenset[str], found: Mapping[date, str], size: int = CHUNK_DAYS) -> list[Work]:
    """Work on these tables for days with the digests of their inputs, cut into runs."""
    return [
        Work(tables, chunk, fingerprint([sorted(tables), *(part for day in chunk for part in (day, found[day]))]))
        for chunk in chunks(found, size)
    ]


def without(found: Mapping[date, str], busy: Collection[date]) -> dict[date, str]:
    """The days that nothing is under way for."""
    return {day: digest for day, digest in found.items() if day not in busy}


def due_again(failures: int, last_failure: datetime) -> datetime:
    """When work that failed so many times in a row may be tried again: later each time, but never never."""
    pause: timedelta = FIRST_PAUSE * 2 ** min(failures - 1, 10)
    return last_failure + min(pause, LONGEST_PAUSE)
