"""Landing files that are gone from the landing folder: that is noted, and takes nothing back."""

from collections.abc import Collection
from dataclasses import replace

from usage_pipeline.storage import audit, landed_files
from usage_pipeline.storage.audit import PIPELINE, Action, AuditEntry
from usage_pipeline.storage.opened import Storage


def note_vanished(storage: Storage, paths: Collection[str]) -> None:
    """Note which of the known files are gone now, and which of those that were gone are back."""
    now = storage.settings.clock()
    reason = "gone from the landing folder; what is known of it stays as it is"
    with storage.warehouse.begin() as connection:
        for file in landed_files.files(connection):
            if file.path in paths and file.vanished_at is None:
                landed_files.record_file(connection, replace(file, vanished_at=now))
                audit.record(connection, AuditEntry(now, PIPELINE, Action.VANISHED, file.path, reason))
            elif file.path not in paths and file.vanished_at is not None:
                landed_files.record_file(connection, replace(file, vanished_at=None))
