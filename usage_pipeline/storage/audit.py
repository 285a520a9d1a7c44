"""The audit log: acts on files and records, with time, reason and author. Entries are only added.

Deciding does not belong here, but in `events/landing`; Dagster's event log says what ran.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Text, cast, func, select

from usage_pipeline.storage.schema import audit_log, landing_event_days, one_of

PIPELINE = "pipeline"
"""The author of an act that no person did."""


class Action(StrEnum):
    """An act on the subject."""

    QUARANTINED = "quarantined"
    FAILED = "failed"
    RELEASED = "released"
    WITHDRAWN = "withdrawn"
    CHANGED = "changed"
    VANISHED = "vanished"
    VOIDED = "voided"
    PRUNED = "pruned"
    ERASED = "erased"


@dataclass(frozen=True)
class AuditEntry:
    """One act; the subject is a landing file's path, or the id of an erasure."""

    at: datetime
    by: str
    action: Action
    subject: str
    reason: str
    details: Mapping[str, Any] = field(default_factory=dict)


def record(connection: Connection, *entries: AuditEntry) -> None:
    """Add entries in this order, within the caller's transaction."""
    if entries:
        connection.execute(audit_log.insert(), [vars(entry) for entry in entries])


def entries(connection: Connection, subject: str | None = None) -> list[AuditEntry]:
    """All entries, or those of one subject, oldest first."""
    return _read(connection, *([] if subject is None else [audit_log.c.subject == subject]))


def decisions(connection: Connection, paths: Collection[str]) -> dict[tuple[str, str], AuditEntry]:
    """The last decisions of people, by path and content digest: to release a landing file, or to withdraw it."""
    decided = audit_log.c.action.in_([Action.RELEASED, Action.WITHDRAWN])
    found = _read(connection, one_of(audit_log.c.subject, paths), decided)
    return {(entry.subject, entry.details["content_digest"]): entry for entry in found}


def follow_content(connection: Connection, path: str, before: str, after: str) -> None:
    """Let decisions about a landing file hold for the content that it has after an erasure."""
    details = func.jsonb_set(audit_log.c.details, ["content_digest"], func.to_jsonb(cast(after, Text)))
    of_content = (audit_log.c.subject == path) & (audit_log.c.details["content_digest"].astext == before)
    connection.execute(audit_log.update().where(of_content).values(details=details))


def _read(connection: Connection, *conditions: ColumnElement[bool]) -> list[AuditEntry]:
    columns = [audit_log.c[name] for name in AuditEntry.__dataclass_fields__]
    query = select(*columns).where(*conditions).order_by(audit_log.c.id)
    return [AuditEntry(**{**row, "action": Action(row["action"])}) for row in connection.execute(query).mappings()]


def actions_since(connection: Connection, days: Collection[date], moment: datetime) -> set[str]:
    """The actions after the moment on files with rows of these event days."""
    query = (
        select(audit_log.c.action)
        .join(landing_event_days, landing_event_days.c.path == audit_log.c.subject)
        .where(audit_log.c.at > moment, landing_event_days.c.event_day.in_(days))
        .distinct()
    )
    return set(connection.execute(query).scalars())
