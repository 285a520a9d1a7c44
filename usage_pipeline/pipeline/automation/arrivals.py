"""Finds landing days whose files differ from the state, and decides when to land them.

A day is at rest when two scans in a row found the same files; until then they may still be written. A day whose
files keep changing is landed after `PATIENCE` scans; a later change lands again.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import date

from usage_pipeline.events.landing.scan import LandingFile
from usage_pipeline.pipeline.automation.work import LANDING, Work, consecutive
from usage_pipeline.pipeline.landing_work import scan_days
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


Seen = Mapping[date, Waiting]


def find_arrivals(storage: Storage) -> dict[date, str]:
    """Return the landing days with files of another path, size or time than in the state, and their digests."""
    with storage.warehouse.connect() as connection:
        stamps = landed_files.file_stamps(connection)
    return {
        day: files_digest(files)
        for day, files in scan_days(storage).items()
        if any(stamps.get(file.path) != (file.size, file.mtime_ns) for file in files)
    }


def files_digest(files: list[LandingFile]) -> str:
    """Return a digest of the paths, sizes and times of the files of a landing day."""
    return fingerprint(part for file in files for part in (file.path, file.size, file.mtime_ns))


def look_again(before: Seen, arrivals: Mapping[date, str]) -> dict[date, Waiting]:
    """Return the days that wait now, given the days that waited at the scan before."""
    return {
        day: Waiting(digest, before[day].looks + 1, at_rest=before[day].digest == digest)
        if day in before
        else Waiting(digest)
        for day, digest in arrivals.items()
    }


def arrived_work(waiting: Seen, busy: Collection[date]) -> list[Work]:
    """Return the landing work that is ready, the newest days first, because people look at them most."""
    ready = {day: entry.digest for day, entry in waiting.items() if entry.ready and day not in busy}
    return consecutive(LANDING, ready)[::-1]


def dump(waiting: Seen) -> str:
    """Write the waiting days as the text that a sensor keeps until its next scan."""
    return json.dumps({day.isoformat(): asdict(entry) for day, entry in waiting.items()})


def parse(text: str | None) -> Seen:
    """Read the waiting days from that text; none without a text."""
    known = json.loads(text) if text else {}
    return {date.fromisoformat(day): Waiting(**entry) for day, entry in known.items()}
