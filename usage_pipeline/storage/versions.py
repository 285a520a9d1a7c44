"""Every published change of a number: `usage_versions`, one row per (table, day, tenant) that changed.

Nothing of it is ever pruned. A day's first computation is version 1. A row that disappears is a change to zero.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from sqlalchemy import Connection, select

from usage_pipeline.storage import audit, state
from usage_pipeline.storage.audit import Action
from usage_pipeline.storage.daily import DailyTable
from usage_pipeline.storage.schema import SCHEMA, landing_event_days, landing_files, metadata, usage_versions
from usage_pipeline.storage.state import FileState, Partition


class Cause(StrEnum):
    """Why a number changed."""

    FIRST = "first"
    LATE = "late"
    RESTATE = "restate"
    WITHDRAW = "withdraw"
    VOID = "void"


@dataclass(frozen=True)
class Published:
    """What a versioned table held of a day before it is computed: nothing, of any other table."""

    versioned: bool
    partition: Partition | None = None
    totals: Mapping[str, int] = field(default_factory=dict)


def published(connection: Connection, table: DailyTable, day: date) -> Published:
    """Look at what is published now."""
    if not table.versioned:
        return Published(versioned=False)
    partition = state.partitions(connection, table.name, day, day).get(day)
    return Published(versioned=True, partition=partition, totals=_totals(connection, table.name, day))


def record_changes(connection: Connection, before: Published, now: Partition, lookback_days: int) -> None:
    """Add what differs between before and now, within the caller's transaction.

    `lookback_days` is how many days before its own the table changes with.
    """
    if not before.versioned or (before.partition is not None and before.partition.version == now.version):
        return
    cause = _cause(connection, before.partition, now.day, lookback_days)
    after = _totals(connection, now.table_name, now.day)
    tenants = sorted(before.totals.keys() | after)
    rows = [
        {
            "table_name": now.table_name,
            "day": now.day,
            "version": now.version,
            "tenant_id": tenant,
            "quantity": after.get(tenant, 0),
            "cause": cause,
            "committed_at": now.committed_at,
        }
        for tenant in tenants
        if before.totals.get(tenant) != after.get(tenant)
    ]
    if rows:
        connection.execute(usage_versions.insert(), rows)


def _totals(connection: Connection, table: str, day: date) -> Mapping[str, int]:
    series = metadata.tables[f"{SCHEMA}.{table}"]
    rows = connection.execute(select(series.c.tenant_id, series.c.total).where(series.c.day == day))
    return {row.tenant_id: row.total for row in rows}


def _cause(connection: Connection, before: Partition | None, day: date, lookback_days: int) -> Cause:
    """The strongest thing that happened to files of the day, or of its look-back, since it was committed."""
    if before is None or before.committed_at is None:
        return Cause.FIRST
    days = [day - timedelta(days=offset) for offset in range(lookback_days + 1)]
    for action, cause in (
        (Action.WITHDRAWN, Cause.WITHDRAW),
        (Action.VOIDED, Cause.VOID),
        (Action.RELEASED, Cause.LATE),
    ):
        if audit.acted_since(connection, action, days, before.committed_at):
            return cause
    landed = (
        select(landing_files.c.path)
        .join(landing_event_days, landing_event_days.c.path == landing_files.c.path)
        .where(
            landing_files.c.state == FileState.LANDED,
            landing_files.c.landed_at > before.committed_at,
            landing_event_days.c.event_day.in_(days),
        )
        .limit(1)
    )
    return Cause.LATE if connection.execute(landed).first() else Cause.RESTATE
