"""Compares the landing folder with the landed files in the state, and finds the days to land."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from usage_pipeline.clock import in_words
from usage_pipeline.events.format_files import load_formats
from usage_pipeline.events.landing.rules import LandingRules
from usage_pipeline.events.landing.scan import LandingFile, Misplaced, Scan, scan_landing
from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.storage import landed_files, state
from usage_pipeline.storage.landed_files import FileState, LandedFile
from usage_pipeline.storage.opened import Storage
from usage_pipeline.tenants.reference import load_tenants
from usage_pipeline.words import count


@dataclass(frozen=True)
class LandingWork:
    """The landing days to land, and the oddities of the landing folder."""

    days: list[date]
    misplaced: Sequence[Misplaced]
    vanished: list[str]
    outdated: list[date]
    """Days landed by other formats or rules than today's. They land again only when asked for."""
    broken: Sequence[str] = ()
    """Messages about formats that cannot be used; their sources wait."""
    untold: Sequence[str] = ()
    """The vanished files that count, and that no run has noted yet."""

    @property
    def warnings(self) -> Iterator[str]:
        """A message for each oddity."""
        yield from self.broken
        for entry in self.misplaced:
            yield f"{entry.path} is passed over: {entry.problem}"
        for path in self.untold:
            yield f"{path} is gone from the landing folder; what is known of it stays as it is"
        if self.outdated:
            yield (
                f"{count(len(self.outdated), 'landing day')} landed by other formats or rules than today's, "
                f"{in_words(self.outdated)}; `usage-pipeline land` reads them again"
            )


def find_landing_work(storage: Storage) -> LandingWork:
    """Find the days with new or changed files or with missing objects, and the oddities."""
    formats = load_formats(storage.settings)
    found = scan_landing(storage.settings, formats)
    with storage.warehouse.connect() as connection:
        known = {file.path: file for file in landed_files.files(connection)}
        partitions = state.partitions(connection, LANDED_EVENTS.name)
    by_day, tenants = found.days(), load_tenants(storage.settings)
    days = {
        day
        for day, files in by_day.items()
        if day not in partitions
        or not partitions[day].committed
        or any(_needs_landing(storage, file, known.get(file.path)) for file in files)
    }
    digests = {source: formats[source].digest for source in {file.source for file in found.files}}
    outdated = [
        day
        for day in sorted(by_day.keys() - days)
        if not any(known[file.path].is_reduced for file in by_day[day])
        and (
            partitions[day].code_version != LandingRules(storage.settings, tenants, day).digest
            or any(known[file.path].format_digest != digests[file.source] for file in by_day[day])
        )
    ]
    scanned = {file.path for file in found.files}
    absent = (path for path, file in known.items() if not (path in scanned or file.pruned_at))
    vanished = sorted(path for path in absent if not _is_there(storage, path))
    untold = tuple(path for path in vanished if known[path].counts and not known[path].vanished_at)
    return LandingWork(sorted(days), found.misplaced, vanished, outdated, tuple(formats.broken.values()), untold)


def scan(storage: Storage) -> Scan:
    """Return the content of the landing folder."""
    return scan_landing(storage.settings, load_formats(storage.settings))


def _is_there(storage: Storage, path: str) -> bool:
    # Path.exists raises without permission.
    return os.path.exists(storage.settings.landing / path)  # noqa: PTH110


def _needs_landing(storage: Storage, file: LandingFile, known: LandedFile | None) -> bool:
    if known is None or (known.size, known.mtime_ns) != (file.size, file.mtime_ns):
        return True
    if known.state is FileState.FAILED or (known.accepted_pruned and not known.accepted_left):
        return False
    return not storage.lake.exists(storage.lake.object(LANDED_EVENTS, known.landing_day, known.object_name))
