"""Commits landing days as their files are now."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import Connection

from usage_pipeline.events.record import LANDED_EVENTS, LANDING_TABLES
from usage_pipeline.storage import landed_files, state
from usage_pipeline.storage.digests import Digest, fingerprint
from usage_pipeline.storage.landed_files import LandedDay, LandedFile
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.state import Partition


@dataclass(frozen=True)
class LandingResult:
    """What landing a day did."""

    day: date
    files: list[LandedFile] = field(default_factory=list)
    partition: Partition | None = None

    @property
    def unusable(self) -> list[LandedFile]:
        """Files that do not count though nobody has decided so: failed or quarantined."""
        return [file for file in self.files if file.state.needs_attention]


def commit_days(
    storage: Storage, connection: Connection, versions: Mapping[date, str]
) -> dict[date, LandingResult]:
    """Commit these landing days, each with its code version, within the caller's transaction."""
    files: dict[date, list[LandedFile]] = {day: [] for day in versions}
    for file in landed_files.files(connection, versions):
        files[file.landing_day].append(file)
    shares = landed_files.shares_by_landing_day(connection, versions)
    marked = state.partitions(connection, LANDED_EVENTS.name, min(versions), max(versions))
    now = storage.settings.clock.now
    outcomes = {
        day: (
            _written(shares.get(day, [])),
            state.Provenance(fingerprint(sorted(_names(files[day]))), version, marked[day].run, now),
        )
        for day, version in versions.items()
    }
    committed = state.mark_committed(connection, LANDED_EVENTS.name, marked, outcomes)
    for day in versions:
        _remove_unnamed(storage, day, files[day])
    return {day: LandingResult(day, files[day], committed[day]) for day in versions}


def _written(shares: Iterable[LandedDay]) -> state.Written:
    rows, total = 0, 0
    for share in shares:
        rows, total = rows + share.rows, total + int(share.digest.split(":")[1])
    return state.Written(Digest(rows, total))


def _remove_unnamed(storage: Storage, day: date, files: Iterable[LandedFile]) -> None:
    names = _names(files)
    for spec in LANDING_TABLES:
        storage.lake.keep_only(spec, day, names)


def _names(files: Iterable[LandedFile]) -> set[str]:
    return {file.object_name for file in files if file.object_name}
