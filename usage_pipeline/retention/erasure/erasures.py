"""Erasures as the state knows them: who asked for what and when, and how far each has come."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, select

from usage_pipeline.retention.erasure.subject import Subject
from usage_pipeline.retention.erasure.tables import ERASURES
from usage_pipeline.storage import pruned
from usage_pipeline.storage.schema import pruned_tenants, warehouse_table
from usage_pipeline.storage.tables import ERASED_TENANT

erasures = warehouse_table(ERASURES)


class ErasureState(StrEnum):
    """How far an erasure has come."""

    BEGUN = "begun"
    DONE = "done"


@dataclass(frozen=True)
class Erasing:
    """One row of `erasures`."""

    id: str
    kind: str
    subject_digest: str
    subject_tenant: str | None
    subject_member: str | None
    state: ErasureState
    reason: str
    by: str
    requested_at: datetime
    completed_at: datetime | None
    counts: Mapping[str, Any]
    certificate_digest: str | None


def begun(connection: Connection, subject: Subject) -> Erasing | None:
    """Return the erasure of this subject that is not done yet, if there is one."""
    table = erasures.c
    query = select(erasures).where(
        table.state == ErasureState.BEGUN,
        table.subject_tenant == subject.tenant_id,
        table.subject_member.is_not_distinct_from(subject.member_id),
    )
    row = connection.execute(query).mappings().first()
    return Erasing(**{**row, "state": ErasureState(row["state"])}) if row else None


def is_done(connection: Connection, digest: str) -> bool:
    """Return True if the subject with this digest was erased before."""
    table = erasures.c
    query = select(table.id).where(table.subject_digest == digest, table.state == ErasureState.DONE)
    return connection.execute(query.limit(1)).first() is not None


def done(connection: Connection) -> list[str]:
    """Return the ids of the erasures that are done."""
    return list(connection.execute(select(erasures.c.id).where(erasures.c.state == ErasureState.DONE)).scalars())


def unfinished(connection: Connection) -> list[tuple[str, datetime, str | None]]:
    """Return id, time and tenant of the erasures that are not done yet."""
    table = erasures.c
    query = select(table.id, table.requested_at, table.subject_tenant).where(table.state == ErasureState.BEGUN)
    return [tuple(row) for row in connection.execute(query.order_by(table.id))]


def add(connection: Connection, erasing: Erasing) -> None:
    """Add an erasure."""
    connection.execute(erasures.insert(), vars(erasing))


def finish(connection: Connection, erasing: Erasing, at: datetime, certificate_digest: str) -> Erasing:
    """Note that it is done, and forget whom it was about."""
    done = replace(
        erasing,
        state=ErasureState.DONE,
        subject_tenant=None,
        subject_member=None,
        completed_at=at,
        certificate_digest=certificate_digest,
    )
    connection.execute(erasures.update().where(erasures.c.id == erasing.id).values(vars(done)))
    if erasing.subject_member is None:
        again = max(erasing.requested_at.date() + timedelta(days=1), _end_of_sums(connection))
        pruned.mark_erased(connection, erasing.subject_digest, again)
        connection.execute(pruned_tenants.delete().where(pruned_tenants.c.tenant_id == erasing.subject_tenant))
    return done


def _end_of_sums(connection: Connection) -> date:
    """Return the day after the last one of which `erased` has sums."""
    return pruned.first_kept_days(connection).get(ERASED_TENANT, date.min)
