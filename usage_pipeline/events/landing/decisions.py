"""Releases and withdraws landing files, which makes their event days stale.

A decision belongs to the content of the file: a file with other content lands again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from usage_pipeline.errors import QueryError
from usage_pipeline.events.landing.committing import commit_days
from usage_pipeline.events.landing.file_landing import withdrawn_note
from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.storage import audit, landed_files, state
from usage_pipeline.storage.audit import Action, AuditEntry
from usage_pipeline.storage.landed_files import FileState, LandedFile
from usage_pipeline.storage.locks import partition_locks
from usage_pipeline.storage.opened import Storage

_RELEASABLE = (FileState.QUARANTINED, FileState.WITHDRAWN)
_WITHDRAWABLE = (FileState.LANDED, FileState.QUARANTINED)


@dataclass(frozen=True)
class _Decision:
    """An action with reason and author, and the fields of the file's row that it sets."""

    action: Action
    reason: str
    by: str
    outcome: Mapping[str, Any]


def release(storage: Storage, path: str, reason: str, by: str) -> LandedFile:
    """Admit a quarantined or withdrawn file. Raises QueryError for any other."""
    decision = _Decision(Action.RELEASED, reason, by, {"state": FileState.LANDED, "error": None})
    return _decide(storage, check_release(storage, path), decision)


def withdraw(storage: Storage, path: str, reason: str, by: str) -> LandedFile:
    """Take back a landed file, or reject a quarantined one. Raises QueryError for any other."""
    outcome = {"state": FileState.WITHDRAWN, "error": withdrawn_note(by, reason.strip())}
    return _decide(storage, check_withdraw(storage, path), _Decision(Action.WITHDRAWN, reason, by, outcome))


def check_release(storage: Storage, path: str) -> LandedFile:
    """Return the file. Raises QueryError if it cannot be released."""
    return _expect(storage, path, _RELEASABLE, "Only a quarantined or withdrawn file can be released")


def check_withdraw(storage: Storage, path: str) -> LandedFile:
    """Return the file. Raises QueryError if it cannot be withdrawn."""
    file = _expect(storage, path, _WITHDRAWABLE, "Only a landed or quarantined file can be withdrawn")
    if file.accepted_pruned and not file.accepted_left:
        raise QueryError(f"The records of {path} are pruned; their usage stays in the rollups.")
    return file


def _expect(storage: Storage, path: str, states: tuple[FileState, ...], rule: str) -> LandedFile:
    with storage.warehouse.connect() as connection:
        file = _find(connection, path)
    if file.state not in states:
        raise QueryError(f"{path} is {file.state}. {rule}.")
    return file


def _find(connection: Connection, path: str) -> LandedFile:
    for file in landed_files.files(connection):
        if file.path == path:
            return file
    raise QueryError(f"No landing file {path!r} is known; `usage-pipeline files` lists them.")


def _decide(storage: Storage, seen: LandedFile, decision: _Decision) -> LandedFile:
    if not decision.reason.strip():
        raise QueryError("A reason is needed, for the audit log; give one with --reason.")
    day, timeout = seen.landing_day, storage.settings.lock_timeout_seconds
    with partition_locks(storage.warehouse, LANDED_EVENTS.name, [day], timeout) as connection:
        decided = replace(_unchanged(connection, seen), **decision.outcome)
        landing = state.partitions(connection, LANDED_EVENTS.name, day, day)[day]
        state.mark_writing(connection, LANDED_EVENTS.name, [day], landing.run)
        landed_files.record_files(connection, [decided])
        _log(storage, connection, decided, decision)
        commit_days(storage, connection, {day: landing.code_version or ""})
        connection.commit()
    return decided


def _unchanged(connection: Connection, seen: LandedFile) -> LandedFile:
    """Read the file again. Raises QueryError if it changed while its day's lock was waited for."""
    now = _find(connection, seen.path)
    if (now.content_digest, now.state) != (seen.content_digest, seen.state):
        raise QueryError(f"{seen.path} has just landed, or somebody else has decided; look at it again.")
    return now


def _log(storage: Storage, connection: Connection, file: LandedFile, decision: _Decision) -> None:
    at, reason = storage.settings.clock.now, decision.reason.strip()
    details = {
        "content_digest": file.content_digest,
        "accepted": file.accepted,
        "accepted_pruned": file.accepted_pruned,
        "rejected": file.rejected,
    }
    audit.record(connection, AuditEntry(at, decision.by, decision.action, file.path, reason, details))
