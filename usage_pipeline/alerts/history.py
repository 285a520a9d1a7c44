"""Reads the alerts that were raised."""

from sqlalchemy import func, select

from usage_pipeline.alerts.tables import ALERTS, AlertState
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import warehouse_table

alerts = warehouse_table(ALERTS)


def read_alerts(
    storage: Storage, tenant_id: str | None = None, state: AlertState | None = None
) -> list[dict[str, object]]:
    """Return the rows of one tenant or all, in one state or all, in the order in which they were raised."""
    columns = alerts.c
    wanted = {columns.tenant_id: tenant_id, columns.state: state}
    query = select(alerts).where(*(column == value for column, value in wanted.items() if value is not None))
    in_order = (columns.raised_at, columns.tenant_id, columns.limit_id, columns.threshold, columns.alert_id)
    with storage.warehouse.connect() as connection:
        return [dict(row) for row in connection.execute(query.order_by(*in_order)).mappings()]


def count_alerts(storage: Storage) -> dict[str, int]:
    """Count the alerts by state."""
    query = select(alerts.c.state, func.count()).group_by(alerts.c.state)
    with storage.warehouse.connect() as connection:
        found = dict(map(tuple, connection.execute(query)))
    return {state.value: found.get(state, 0) for state in AlertState}
