"""Lands the files of one landing day, under the lock of that day."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import Connection

from usage_pipeline.events import mapping as mappings
from usage_pipeline.events.landing.file_landing import FileLanding, Landed
from usage_pipeline.events.landing.rules import load_rules
from usage_pipeline.events.landing.scan import scan_day
from usage_pipeline.events.record import LANDED_EVENTS, LANDING_TABLES
from usage_pipeline.storage import audit, landed_files, state
from usage_pipeline.storage.audit import PIPELINE, Action, AuditEntry
from usage_pipeline.storage.bound_settings import bind_settings
from usage_pipeline.storage.digests import Digest
from usage_pipeline.storage.fingerprint import fingerprint
from usage_pipeline.storage.landed_files import FileState, LandedFile
from usage_pipeline.storage.locks import partition_locks
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


def land_day(storage: Storage, day: date, run: str) -> LandingResult:
    """Land every file of the day's folders. A day without a folder is left alone.

    A file that cannot be read fails by itself, the others go on. Raises LockTimeoutError when another
    process lands the same day.
    """
    known_mappings = mappings.load_mappings(storage.settings)
    if not scan_day(storage.settings, known_mappings, day).files:
        return LandingResult(day)
    rules = load_rules(storage.settings, day)
    timeout = storage.settings.lock_timeout_seconds
    with partition_locks(storage.warehouse, LANDED_EVENTS.name, [day], timeout) as connection:
        known = {file.path: file for file in landed_files.files(connection, [day])}
        bind_settings(connection, storage.settings)
        state.mark_writing(connection, LANDED_EVENTS.name, [day], run)
        connection.commit()
        for file in scan_day(storage.settings, known_mappings, day).files:
            before = known.get(file.path)
            landed = FileLanding(storage, rules, known_mappings[file.source], file, run, before).land(connection)
            if landed is not None:
                _record(storage, connection, landed, before)
            connection.commit()
        result = commit_day(storage, connection, day, rules.digest)
        connection.commit()
    return result


def commit_day(storage: Storage, connection: Connection, day: date, code_version: str) -> LandingResult:
    """Commit the landing day as its files are now, within the caller's transaction."""
    files = landed_files.files(connection, [day])
    names = {file.object_name for file in files if file.object_name}
    for spec in LANDING_TABLES:
        storage.lake.keep_only(spec, day, names)
    counted = [file for file in files if file.state is FileState.LANDED]
    shares = landed_files.event_days_of(connection, [file.path for file in counted])
    digest = Digest(sum(share.rows for share in shares), sum(int(share.digest.split(":")[1]) for share in shares))
    provenance = state.Provenance(fingerprint(sorted(names)), code_version, storage.settings.clock())
    committed = state.mark_committed(connection, LANDED_EVENTS.name, {day: (state.Written(digest), provenance)})
    return LandingResult(day, files, committed[day])


def _record(storage: Storage, connection: Connection, landed: Landed, before: LandedFile | None) -> None:
    """Put the file in the place of what was known of its path, and log what people may ask about."""
    landed_files.record_file(connection, landed.file)
    landed_files.record_event_days(connection, landed.file.path, landed.event_days)
    at = storage.settings.clock()
    for action, reason in _worth_logging(landed, before):
        details = {
            "run": landed.file.run,
            "content_digest": landed.file.content_digest,
            "content_digest_before": before.content_digest if before else None,
            "accepted": landed.file.accepted,
            "rejected": landed.file.rejected,
            "voids": landed.voids,
        }
        audit.record(connection, AuditEntry(at, PIPELINE, action, landed.file.path, reason, details))


def _worth_logging(landed: Landed, before: LandedFile | None) -> Iterator[tuple[Action, str]]:
    file = landed.file
    is_new = before is None or before.content_digest != file.content_digest or before.state is not file.state
    contents = {before.content_digest if before else None, file.content_digest} - {None}
    if len(contents) > 1:  # a file that cannot be read has none: it failed, or is whole again
        yield Action.CHANGED, "landed anew in place of its former content"
    if is_new and file.state is FileState.FAILED:
        yield Action.FAILED, file.error or ""
    if is_new and file.state is FileState.QUARANTINED:
        yield Action.QUARANTINED, file.error or ""
    if is_new and landed.voids:
        yield Action.VOIDED, f"brought {landed.voids:,} voids"
