"""Finds landing days whose files differ from the state, and decides when to land them.

A day is at rest when two scans in a row found the same files; until then they may still be written. A day whose
files keep changing is landed after `PATIENCE` scans; a later change lands again.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date

from usage_pipeline.events.landing.scan import LandingFile, Misplaced, Scan
from usage_pipeline.pipeline.automation.work import (
    BULK_LANDING_DAYS,
    LANDING,
    LANDING_AND_EVENTS,
    Work,
    consecutive,
)
from usage_pipeline.storage import landed_files
from usage_pipeline.storage.digests import fingerprint
from usage_pipeline.storage.opened import Storage

PATIENCE = 10
"""Scans after which a day is landed although its files keep changing."""


@dataclass(frozen=True)
class Waiting:
    """A landing day that waits: the digest of its files, and the number of scans that found it waiting."""

    digest: str
    looks: int = 1
    at_rest: bool = False

    @property
    def ready(self) -> bool:
        """True if the day should be landed now."""
        return self.at_rest or self.looks >= PATIENCE


@dataclass(frozen=True)
class Look:
    """The landing days that wait at a scan, and digests of the misplaced entries and of what people edit.

    The digests are None before the first scan.
    """

    waiting: Mapping[date, Waiting] = field(default_factory=dict)
    misplaced: str | None = None
    edited: str | None = None


def find_arrivals(storage: Storage, scan: Scan) -> dict[date, str]:
    """Return the landing days with files of another path, size or time than in the state, and their digests."""
    with storage.warehouse.connect() as connection:
        stamps = landed_files.file_stamps(connection)
    return {
        day: files_digest(files)
        for day, files in scan.days().items()
        if any(stamps.get(file.path) != (file.size, file.mtime_ns) for file in files)
    }


def files_digest(files: list[LandingFile]) -> str:
    """Return a digest of the paths, sizes and times of the files of a landing day."""
    return fingerprint(part for file in files for part in (file.path, file.size, file.mtime_ns))


def misplaced_digest(misplaced: Sequence[Misplaced]) -> str:
    """Return a digest of the misplaced entries and their problems; empty if there are none."""
    parts = [part for entry in misplaced for part in (entry.path, entry.problem)]
    return fingerprint(parts) if parts else ""


def look_again(before: Mapping[date, Waiting], arrivals: Mapping[date, str]) -> dict[date, Waiting]:
    """Return the days that wait now, given the days that waited at the scan before."""
    return {
        day: Waiting(digest, before[day].looks + 1, at_rest=before[day].digest == digest)
        if day in before
        else Waiting(digest)
        for day, digest in arrivals.items()
    }


def arrived_work(waiting: Mapping[date, Waiting], busy: Collection[date]) -> list[Work]:
    """Return the work on the days that are ready, the newest first, because people look at them most.

    A few days are landed and computed by one run: most events lie on their landing day.
    """
    ready = {day: entry.digest for day, entry in waiting.items() if entry.ready and day not in busy}
    in_bulk = len(waiting.keys() | busy) > BULK_LANDING_DAYS
    return consecutive(LANDING if in_bulk else LANDING_AND_EVENTS, ready)[::-1]


def dump(look: Look) -> str:
    """Write a look as the text that a sensor keeps until its next scan."""
    waiting = {day.isoformat(): asdict(entry) for day, entry in look.waiting.items()}
    return json.dumps({"waiting": waiting, "misplaced": look.misplaced, "edited": look.edited})


def parse(text: str | None) -> Look:
    """Read the look from that text; without a text, nothing was seen."""
    if not text:
        return Look()
    known = json.loads(text)
    waiting = {date.fromisoformat(day): Waiting(**entry) for day, entry in known["waiting"].items()}
    return Look(waiting, known["misplaced"], known.get("edited"))  # an older version kept no digest of these
