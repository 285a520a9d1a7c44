"""Records landed, failed and vanished files in the state, and their changes in the audit log."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from usage_pipeline.storage import audit, landed_days, landed_files
from usage_pipeline.storage.audit import PIPELINE, Action, AuditEntry
from usage_pipeline.storage.landed_days import LandedDay
from usage_pipeline.storage.landed_files import FileState, LandedFile
from usage_pipeline.storage.opened import Storage

Before = LandedFile | None
"""The row of the file's path before."""


@dataclass(frozen=True)
class Landed:
    """A file's row of the state, its rows per event day, and the number of its voids."""

    file: LandedFile
    event_days: list[LandedDay]
    voids: int


def record(connection: Connection, outcomes: Collection[tuple[Before, Landed]], now: datetime) -> None:
    """Record files that landed or failed, within the caller's transaction."""
    files = [landed.file for _, landed in outcomes]
    landed_files.record_files(connection, files)
    event_days = [day for _, landed in outcomes for day in landed.event_days]
    landed_days.record_event_days(connection, [file.path for file in files], event_days)
    entries = [entry for before, landed in outcomes for entry in _entries(before, landed, now)]
    audit.record(connection, *entries)


def _entries(before: Before, landed: Landed, now: datetime) -> Iterator[AuditEntry]:
    for action, reason in _worth_logging(landed, before):
        details = {
            "run": landed.file.run,
            "content_digest": landed.file.content_digest,
            "content_digest_before": before.content_digest if before else None,
            "accepted": landed.file.accepted,
            "rejected": landed.file.rejected,
            "voids": landed.voids,
        }
        yield AuditEntry(now, PIPELINE, action, landed.file.path, reason, details)


def _worth_logging(landed: Landed, before: Before) -> Iterator[tuple[Action, str]]:
    file = landed.file
    is_new = before is None or before.content_digest != file.content_digest or before.state is not file.state
    contents = {before.content_digest if before else None, file.content_digest} - {None}
    if len(contents) > 1:  # a file that cannot be read has no digest
        yield Action.CHANGED, "landed again in place of its former content"
    if is_new and file.state is FileState.FAILED:
        yield Action.FAILED, file.error or ""
    if is_new and file.state is FileState.QUARANTINED:
        yield Action.QUARANTINED, file.error or ""
    if is_new and landed.voids:
        yield Action.VOIDED, f"brought {landed.voids:,} voids"


def note_vanished(storage: Storage, paths: Collection[str]) -> None:
    """Note that the files with these paths are gone, and that all other files are there. Withdraws nothing."""
    now = storage.settings.clock.now
    reason = "gone from the landing folder; what is known of it stays as it is"
    with storage.warehouse.begin() as connection:
        gone = landed_files.mark_vanished(connection, paths, now)
        audit.record(connection, *(AuditEntry(now, PIPELINE, Action.VANISHED, path, reason) for path in gone))
