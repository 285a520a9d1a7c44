"""The audit log: what was decided about files and records, when, why and by whom. It is only ever added to.

What does not belong here: deciding (`events/landing`), and what merely ran (Dagster's event log).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Connection, func, select

from usage_pipeline.storage.schema import audit_log, landing_event_days

PIPELINE = "pipeline"
"""Who acted, where no person did."""


class Action(StrEnum):
    """What was done with the subject."""

    QUARANTINED = "quarantined"
    FAILED = "failed"
    RELEASED = "released"
    WITHDRAWN = "withdrawn"
    CHANGED = "changed"
    VANISHED = "vanished"
    VOIDED = "voided"


@dataclass(frozen=True)
class AuditEntry:
    """One act; the subject is a landing file's path."""

    at: datetime
    by: str
    action: Action
    subject: str
    reason: str
    details: Mapping[str, object] = field(default_factory=dict)


def record(connection: Connection, entry: AuditEntry) -> None:
    """Add an entry, within the caller's transaction."""
    connection.execute(audit_log.insert().values(vars(entry)))


def entries(connection: Connection, subject: str | None = None) -> list[AuditEntry]:
    """All entries, or those of one subject, oldest first."""
    columns = [audit_log.c[name] for name in AuditEntry.__dataclass_fields__]
    query = select(*columns).order_by(audit_log.c.id)
    if subject is not None:
        query = query.where(audit_log.c.subject == subject)
    return [AuditEntry(**{**row, "action": Action(row["action"])}) for row in connection.execute(query).mappings()]


def decision(connection: Connection, path: str, content_digest: str) -> AuditEntry | None:
    """What people decided last about this content of a landing file: that it is released, or withdrawn."""
    query = (
        select(*(audit_log.c[name] for name in AuditEntry.__dataclass_fields__))
        .where(
            audit_log.c.subject == path,
            audit_log.c.action.in_([Action.RELEASED, Action.WITHDRAWN]),
            audit_log.c.details["content_digest"].astext == content_digest,
        )
        .order_by(audit_log.c.id.desc())
        .limit(1)
    )
    row = connection.execute(query).mappings().first()
    return None if row is None else AuditEntry(**{**row, "action": Action(row["action"])})


def acted_since(connection: Connection, action: Action, days: Collection[date], moment: datetime) -> bool:
    """Whether a file with rows of these event days met with the action after the moment."""
    query = (
        select(func.count())
        .select_from(audit_log)
        .join(landing_event_days, landing_event_days.c.path == audit_log.c.subject)
        .where(
            audit_log.c.action == action,
            audit_log.c.at > moment,
            landing_event_days.c.event_day.in_(days),
        )
    )
    return bool(connection.execute(query).scalar())
