"""Adjustments of closed periods whose statement stays: what changed later, and the period that carries it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Select, select

from usage_pipeline.billing.calendar import (
    BillingPeriod,
    by_month,
    month_after,
    month_before,
    month_of,
    period_among,
)
from usage_pipeline.billing.closing import ClosedPeriod
from usage_pipeline.billing.tables import CLOSED_PERIODS, NEXT_PERIOD
from usage_pipeline.costs.tables import TENANT_COSTS
from usage_pipeline.storage.schema import usage_versions, warehouse_table
from usage_pipeline.tenants.models import Tenants

closed_periods = warehouse_table(CLOSED_PERIODS)


@dataclass(frozen=True)
class Adjustment:
    """A change of the cost of a tenant's model and class on a day of a closed period."""

    tenant_id: str
    day: date
    model: str
    token_class: str
    difference: Decimal
    """In US dollars: the amount less the amount before."""
    posted_on: date
    """The day on which it was made, or the nearest one of the period that carries it."""
    closed: BillingPeriod
    """The period of the day, whose statement does not have it."""
    carried_by: BillingPeriod
    """The period whose statement has it."""


def carrying_month(closed: Sequence[ClosedPeriod], origin: ClosedPeriod, change_id: int) -> date:
    """Return the month of the first period after the origin that was open when the change was made.

    `closed` are the closed periods of the tenant; the change is known by its id in `usage_versions`.
    """
    closed_then = {month_of(entry.first_day) for entry in closed if entry.last_change < change_id}
    month = month_after(origin.first_day)
    while month in closed_then:
        month = month_after(month)
    return month


def closed_by_tenant(connection: Connection, tenant_id: str | None) -> dict[str, list[ClosedPeriod]]:
    """Return the closed periods of one tenant, or of each, oldest first."""
    query = select(closed_periods).order_by(closed_periods.c.tenant_id, closed_periods.c.first_day)
    if tenant_id is not None:
        query = query.where(closed_periods.c.tenant_id == tenant_id)
    found: defaultdict[str, list[ClosedPeriod]] = defaultdict(list)
    for row in connection.execute(query).mappings():
        found[row["tenant_id"]].append(ClosedPeriod(**row))
    return dict(found)


def read_adjustments(connection: Connection, tenants: Tenants, tenant_id: str | None) -> list[Adjustment]:
    """Return the changes of costs after closings, of one tenant or of all; without those that cost nothing."""
    closed = closed_by_tenant(connection, tenant_id)
    adjustments = []
    for row in connection.execute(_changes(tenant_id)):
        of_tenant = closed[row.tenant_id]
        origin = next(entry for entry in of_tenant if entry.first_day == row.first_day)
        anchor = tenants.anchor_day_of(row.tenant_id)
        month = carrying_month(of_tenant, origin, row.id)
        carrier = period_among(anchor, month, by_month(entry.period for entry in of_tenant))
        if difference := (row.amount or Decimal(0)) - (row.amount_before or Decimal(0)):
            adjustments.append(
                Adjustment(
                    tenant_id=row.tenant_id,
                    day=row.day,
                    model=row.model,
                    token_class=row.token_class,
                    difference=difference,
                    posted_on=_nearest(row.committed_at.astimezone(UTC).date(), carrier),
                    closed=origin.period,
                    carried_by=carrier,
                )
            )
    return adjustments


def _nearest(day: date, period: BillingPeriod) -> date:
    return min(max(day, period.first), period.last)


def _changes(tenant_id: str | None) -> Select[*tuple[Any, ...]]:
    """Select the versions of costs that a closing did not know, each with the amount before it."""
    version, earlier, closed = usage_versions.c, usage_versions.alias().c, closed_periods.c
    same = (earlier[name] == version[name] for name in ("table_name", "day", "tenant_id", "model", "class"))
    before = select(earlier.amount).where(*same, earlier.id < version.id).order_by(earlier.id.desc()).limit(1)
    query = (
        select(
            version.id,
            version.tenant_id,
            version.day,
            version.model,
            version["class"].label("token_class"),
            version.amount,
            before.scalar_subquery().label("amount_before"),
            version.committed_at,
            closed.first_day,
        )
        .join(
            closed_periods,
            (closed.tenant_id == version.tenant_id)
            & version.day.between(closed.first_day, closed.last_day)
            & (version.id > closed.last_change),
        )
        .where(version.table_name == TENANT_COSTS.name, closed.late_usage == NEXT_PERIOD)
        .order_by(version.id)
    )
    return query if tenant_id is None else query.where(version.tenant_id == tenant_id)


def periods_of(
    tenants: Tenants, tenant_id: str, closed: Sequence[ClosedPeriod], first: date, last: date
) -> list[BillingPeriod]:
    """Return the billing periods of a tenant that have some of the days, in order."""
    by_start = by_month(entry.period for entry in closed)
    month, periods = month_before(first), []  # a period may begin in the month before
    while month <= last:
        periods.append(period_among(tenants.anchor_day_of(tenant_id), month, by_start))
        month = month_after(month)
    return [period for period in periods if period.last >= first and period.first <= last]
