"""Lands the files of one landing day, under the lock of that day."""

from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import Connection

from usage_pipeline.events import mapping as mappings
from usage_pipeline.events.landing.file_landing import FileLanding
from usage_pipeline.events.landing.rules import LandingRules, load_rules
from usage_pipeline.events.landing.scan import scan_day
from usage_pipeline.events.record import LANDED_EVENTS, REJECTED_LINES
from usage_pipeline.storage import state
from usage_pipeline.storage.bound_settings import bind_settings
from usage_pipeline.storage.digests import Digest
from usage_pipeline.storage.fingerprint import fingerprint
from usage_pipeline.storage.locks import partition_lock
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.state import FileState, LandedFile, Partition, PartitionKey


@dataclass(frozen=True)
class LandingResult:
    """What landing a day did."""

    day: date
    files: list[LandedFile] = field(default_factory=list)
    partition: Partition | None = None

    @property
    def unusable(self) -> list[LandedFile]:
        """Files that do not count: failed or quarantined."""
        return [file for file in self.files if file.state is not FileState.LANDED]


def land_day(storage: Storage, day: date, run: str) -> LandingResult:
    """Land every file of the day's folders. A day without a folder is left alone.

    A file that cannot be read fails by itself, the others go on. Raises LockTimeoutError when another
    process lands the same day.
    """
    known_mappings = mappings.load_mappings(storage.settings)
    if not scan_day(storage.settings, known_mappings, day):
        return LandingResult(day)
    rules = load_rules(storage.settings, day)
    timeout = storage.settings.lock_timeout_seconds
    with partition_lock(storage.warehouse, LANDED_EVENTS.name, day, timeout) as connection:
        known = {file.path: file for file in state.files(connection, [day])}
        bind_settings(connection, storage.settings)
        state.mark_writing(connection, LANDED_EVENTS.name, day, run)
        connection.commit()
        for file in scan_day(storage.settings, known_mappings, day):
            landing = FileLanding(storage, rules, known_mappings[file.source], file, run)
            landed, event_days = landing.land(known.get(file.path), connection)
            state.record_file(connection, landed, event_days)
            connection.commit()
        result = _commit_day(storage, connection, rules)
        connection.commit()
    return result


def _commit_day(storage: Storage, connection: Connection, rules: LandingRules) -> LandingResult:
    files = state.files(connection, [rules.day])
    names = {file.object_name for file in files if file.object_name}
    for spec in (LANDED_EVENTS, REJECTED_LINES):
        storage.lake.keep_only(spec, rules.day, names)
    counted = [file for file in files if file.state is FileState.LANDED]
    shares = state.event_days_of(connection, [file.path for file in counted])
    digest = Digest(sum(share.rows for share in shares), sum(int(share.digest.split(":")[1]) for share in shares))
    partition = state.mark_committed(
        connection,
        PartitionKey(LANDED_EVENTS.name, rules.day),
        state.Written(digest),
        state.Provenance(fingerprint(sorted(names)), rules.digest, storage.settings.clock()),
    )
    return LandingResult(rules.day, files, partition)
