"""Landing files that are gone from the landing folder: that is noted, and takes nothing back."""

from collections.abc import Collection
from dataclasses import replace

from usage_pipeline.storage import audit, landed_files
from usage_pipeline.storage.audit import PIPELINE, Action, AuditEntry
from usage_pipeline.storage.opened import Storage


def note_vanished(storage: Storage, paths: Collection[str]) -> None:
    """Note which of the known files are gone now, and which of those that were gone are back."""
    now = storage.settings.clock.now
    reason = "gone from the landing folder; what is known of it stays as it is"
    with storage.warehouse.begin() as connection:
        known = landed_files.files(connection)
        gone = [replace(file, vanished_at=now) for file in known if file.path in paths and not file.vanished_at]
        back = [replace(file, vanished_at=None) for file in known if file.path not in paths and file.vanished_at]
        landed_files.record_files(connection, gone + back)
        notes = [AuditEntry(now, PIPELINE, Action.VANISHED, file.path, reason) for file in gone]
        audit.record(connection, *notes)
