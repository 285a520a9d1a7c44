"""Reads the alerts that were raised, and changes their state."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select

from usage_pipeline.alerts.tables import ALERTS, AlertKind, AlertState
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import one_of, warehouse_table

alerts = warehouse_table(ALERTS)


def read_alerts(
    storage: Storage,
    tenant_id: str | None = None,
    state: AlertState | None = None,
    kind: AlertKind | None = None,
) -> list[dict[str, object]]:
    """Return the rows of one tenant, state and kind, or of all, in the order in which they were raised."""
    with storage.warehouse.connect() as connection:
        rows = connection.execute(_of(tenant_id, state, kind).order_by(alerts.c.raised_at, *_ABOUT))
        return [dict(row) for row in rows.mappings()]


def read_newest_alerts(
    storage: Storage, tenant_id: str | None, state: AlertState | None, kind: AlertKind | None, most: int
) -> list[dict[str, object]]:
    """Return the same rows, but only the newest ones, and these first."""
    newest = _of(tenant_id, state, kind).order_by(alerts.c.raised_at.desc(), *_ABOUT).limit(most)
    with storage.warehouse.connect() as connection:
        return [dict(row) for row in connection.execute(newest).mappings()]


_ABOUT = tuple(alerts.c[name] for name in ("tenant_id", "kind", "subject", "threshold", "alert_id"))
"""The order of alerts that were raised at once."""


def _of(tenant_id: str | None, state: AlertState | None, kind: AlertKind | None) -> Select[*tuple[Any, ...]]:
    columns = alerts.c
    wanted = {columns.tenant_id: tenant_id, columns.state: state, columns.kind: kind}
    return select(alerts).where(*(column == value for column, value in wanted.items() if value is not None))


def read_alerts_raised(storage: Storage, first: datetime, end: datetime) -> list[dict[str, object]]:
    """Return the rows that were raised from one instant up to another, in that order."""
    columns = alerts.c
    query = select(alerts).where(columns.raised_at >= first, columns.raised_at < end)
    with storage.warehouse.connect() as connection:
        rows = connection.execute(query.order_by(columns.raised_at, columns.alert_id))
        return [dict(row) for row in rows.mappings()]


def count_alerts(storage: Storage) -> dict[str, int]:
    """Count the alerts by state."""
    query = select(alerts.c.state, func.count()).group_by(alerts.c.state)
    with storage.warehouse.connect() as connection:
        found = dict(map(tuple, connection.execute(query)))
    return {state.value: found.get(state, 0) for state in AlertState}


def set_state(connection: Connection, ids: Sequence[str], state: AlertState, now: datetime) -> None:
    """Let these alerts be resolved, or ended, within the caller's transaction."""
    if ids:
        chosen = one_of(alerts.c.alert_id, ids)
        connection.execute(alerts.update().where(chosen).values(state=state, resolved_at=now))
