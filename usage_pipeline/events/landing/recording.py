"""Puts what became of landing files in the place of what was known of them, and logs what people may ask about."""

from collections.abc import Collection, Iterator
from datetime import datetime

from sqlalchemy import Connection

from usage_pipeline.events.landing.file_landing import Landed
from usage_pipeline.storage import audit, landed_files
from usage_pipeline.storage.audit import PIPELINE, Action, AuditEntry
from usage_pipeline.storage.landed_files import FileState, LandedFile

Before = LandedFile | None
"""What was known of a file's path before."""


def record(connection: Connection, outcomes: Collection[tuple[Before, Landed]], now: datetime) -> None:
    """Record files that landed or failed, within the caller's transaction."""
    files = [landed.file for _, landed in outcomes]
    landed_files.record_files(connection, files)
    event_days = [day for _, landed in outcomes for day in landed.event_days]
    landed_files.record_event_days(connection, [file.path for file in files], event_days)
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
    if len(contents) > 1:  # a file that cannot be read has none: it failed, or is whole again
        yield Action.CHANGED, "landed again in place of its former content"
    if is_new and file.state is FileState.FAILED:
        yield Action.FAILED, file.error or ""
    if is_new and file.state is FileState.QUARANTINED:
        yield Action.QUARANTINED, file.error or ""
    if is_new and landed.voids:
        yield Action.VOIDED, f"brought {landed.voids:,} voids"
