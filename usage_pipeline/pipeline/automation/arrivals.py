"""Landing days whose files are not in the state as they lie in the landing folder, and when they are at rest.

A day is at rest when its waiting files were the same at two looks in a row: until then somebody may still be
writing. A day that never comes to rest is landed as it is after a while; a later change is landed again.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import date

from usage_pipeline.events.landing.scan import LandingFile
from usage_pipeline.pipeline.automation.work import LANDING, Work, consecutive, without
from usage_pipeline.pipeline.landing_work import scan_days
from usage_pipeline.storage import landed_files
from usage_pipeline.storage.digests import fingerprint
from usage_pipeline.storage.opened import Storage

PATIENCE = 10
"""Looks after which a day is landed although its files keep changing."""


@dataclass(frozen=True)
class Waiting:
    """A landing day that waits: the digest of its files, and how many looks have found it waiting."""

    digest: str
    looks: int = 1
    at_rest: bool = False

    @property
    def ready(self) -> bool:
        """Whether to land it now."""
        return self.at_rest or self.looks >= PATIENCE


Seen = Mapping[date, Waiting]


def find_arrivals(storage: Storage) -> dict[date, str]:
    """Landing days with files that are new or changed by path, size and time; each with its files' digest."""
    with storage.warehouse.connect() as connection:
        stamps = landed_files.file_stamps(connection)
    return {
        day: files_digest(files)
        for day, files in scan_days(storage).items()
        if any(stamps.get(file.path) != (file.size, file.mtime_ns) for file in files)
    }


def files_digest(files: list[LandingFile]) -> str:
    """One digest for the files of a landing day as they are now."""
    return fingerprint(part for file in files for part in (file.path, file.size, file.mtime_ns))


def look_again(before: Seen, arrivals: Mapping[date, str]) -> dict[date, Waiting]:
    """What waits now, after what waited at the look before."""
    return {day: _waiting(before.get(day), digest) for day, digest in arrivals.items()}


def _waiting(before: Waiting | None, digest: str) -> Waiting:
    if before is None:
        return Waiting(digest)
    return Waiting(digest, before.looks + 1, at_rest=before.digest == digest)


def arrived_work(waiting: Seen, busy: Collection[date]) -> list[Work]:
    """Landing to be done now, the newest days first: they are looked at most."""
    ready = {day: entry.digest for day, entry in waiting.items() if entry.ready}
    return consecutive(LANDING, without(ready, busy))[::-1]


def dump(waiting: Seen) -> str:
    """As text, to be remembered until the next look."""
    return json.dumps({day.isoformat(): asdict(entry) for day, entry in waiting.items()})


def parse(text: str | None) -> Seen:
    """What was remembered."""
    known = json.loads(text) if text else {}
    return {date.fromisoformat(day): Waiting(**entry) for day, entry in known.items()}
