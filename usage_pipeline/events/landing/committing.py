"""Commits landing days with the present state of their files."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import Connection

from usage_pipeline.events.record import LANDED_EVENTS, LANDING_TABLES
from usage_pipeline.storage import landed_days, landed_files, state
from usage_pipeline.storage.digests import Digest, fingerprint
from usage_pipeline.storage.landed_days import LandedDay
from usage_pipeline.storage.landed_files import LandedFile
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.state import Partition


@dataclass(frozen=True)
class LandingResult:
    """The files of a landing day, and its partition; without both if the day has no files."""

    day: date
    files: list[LandedFile] = field(default_factory=list)
    partition: Partition | None = None

    @property
    def unusable(self) -> list[LandedFile]:
        """Failed and quarantined files, which do not count."""
        return [file for file in self.files if file.state.needs_attention]


def commit_days(
    storage: Storage, connection: Connection, versions: Mapping[date, str]
) -> dict[date, LandingResult]:
    """Commit these landing days, each with its code version, within the caller's transaction."""
    files: dict[date, list[LandedFile]] = {day: [] for day in versions}
    for file in landed_files.files(connection, versions):
        files[file.landing_day].append(file)
    shares = landed_days.shares_by_landing_day(connection, versions)
    marked = state.partitions(connection, LANDED_EVENTS.name, min(versions), max(versions))
    names = {day: {file.object_name for file in files[day] if file.object_name} for day in versions}
    now = storage.settings.clock.now
    outcomes = {
        day: (
            _written(shares.get(day, [])),
            state.Provenance(fingerprint(sorted(names[day])), version, marked[day].run, now),
        )
        for day, version in versions.items()
    }
    committed = state.mark_committed(connection, LANDED_EVENTS.name, marked, outcomes)
    for day in versions:
        for spec in LANDING_TABLES:
            storage.lake.keep_only(spec, day, names[day])
    return {day: LandingResult(day, files[day], committed[day]) for day in versions}


def _written(shares: Collection[LandedDay]) -> state.Written:
    hash_sum = sum(int(share.digest.split(":")[1]) for share in shares)
    return state.Written(Digest(sum(share.rows for share in shares), hash_sum))
