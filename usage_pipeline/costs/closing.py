"""Closing a billing period of a tenant: its costs are frozen, row by row, with versions and a digest.

What changes later follows the plan's `late_usage`: with `restate` the period says what is known now, with
`next_period` it keeps saying what it was closed with, and the difference is an adjustment of a later period.
"""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, Integer, cast, func, select

from usage_pipeline.accounts.billing import BillingPeriod, billing_period
from usage_pipeline.accounts.models import Accounts
from usage_pipeline.accounts.reference import load_accounts
from usage_pipeline.costs.tables import DAILY_COSTS, TENANT_COSTS
from usage_pipeline.errors import ClosingError
from usage_pipeline.records.tables import SET_ASIDE, USAGE_RECORDS
from usage_pipeline.series.status import DayReader, DayStatus
from usage_pipeline.storage import state
from usage_pipeline.storage.compute import stale_days
from usage_pipeline.storage.fingerprint import fingerprint
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import (
    closed_costs,
    closed_periods,
    partition_state,
    tenant_costs,
    usage_versions,
)

_READY = {DayStatus.FINAL, DayStatus.RESTATED}
_SHOWN_DAYS = 5

FIRST_OF_MONTH = 1
"""The anchor day of tenants that no file names."""


@dataclass(frozen=True)
class ClosedPeriod:
    """One row of `closed_periods`."""

    tenant_id: str
    first_day: date
    last_day: date
    late_usage: str
    closed_at: datetime
    by: str
    reason: str | None
    forced: bool
    last_change: int
    """The last row of `usage_versions` that the closing knew."""
    digest: str


@dataclass(frozen=True)
class Closing:
    """What is to be closed, by whom, and why if it is closed although something holds it open."""

    tenant_id: str
    month: date
    by: str
    reason: str | None = None
    force: bool = False


def anchor_day(accounts: Accounts, tenant_id: str) -> int:
    """The day of the month on which the tenant's periods begin."""
    tenant = accounts.tenants.get(tenant_id)
    return tenant.billing_anchor_day if tenant else FIRST_OF_MONTH


def close(storage: Storage, closing: Closing) -> ClosedPeriod:
    """Freeze the period that begins in the month.

    Raises ClosingError where it is closed already, or where something holds it open and it is not forced.
    """
    accounts = load_accounts(storage.settings)
    period = billing_period(anchor_day(accounts, closing.tenant_id), closing.month)
    held = held_open_by(storage, period)
    if held and not closing.force:
        raise ClosingError(
            f"The period {period.name} of {closing.tenant_id} stays open: {'; '.join(held)}. "
            "Mend that, or close it all the same with --force and a --reason."
        )
    plan = accounts.plans[accounts.plan_of(closing.tenant_id, period.last)]
    with storage.warehouse.begin() as connection:
        if closed_period(connection, closing.tenant_id, period.first) is not None:
            raise ClosingError(f"The period {period.name} of {closing.tenant_id} is closed already.")
        digest = _freeze(connection, closing.tenant_id, period)
        closed = ClosedPeriod(
            tenant_id=closing.tenant_id,
            first_day=period.first,
            last_day=period.last,
            late_usage=plan.late_usage,
            closed_at=storage.settings.clock(),
            by=closing.by,
            reason=closing.reason,
            forced=bool(held),
            last_change=connection.execute(select(func.coalesce(func.max(usage_versions.c.id), 0))).scalar_one(),
            digest=digest,
        )
        connection.execute(closed_periods.insert().values(vars(closed)))
    return closed


def held_open_by(storage: Storage, period: BillingPeriod) -> list[str]:
    """What keeps the period open: days that are not final or to be computed, files that nobody decided on."""
    with storage.warehouse.connect() as connection:
        days = DayReader(storage, connection).read(period.first, period.last)
        by_status = [
            _told(f"are {status}" if status is not DayStatus.PROVISIONAL else "are not final yet", found)
            for status in DayStatus
            if status not in _READY and (found := [entry.day for entry in days if entry.status is status])
        ]
        stale = _stale(storage, connection, period)
        files = [file for file in state.files(connection, period.days) if file.state.needs_attention]
    return [
        *by_status,
        *([_told("are to be computed", stale)] if stale else []),
        *(f"{file.path} is {file.state}" for file in files[:_SHOWN_DAYS]),
    ]


def _told(what: str, days: list[date]) -> str:
    named = ", ".join(map(str, days[:_SHOWN_DAYS])) + (", ..." if len(days) > _SHOWN_DAYS else "")
    return f"{len(days)} days {what}: {named}"


def _stale(storage: Storage, connection: Connection, period: BillingPeriod) -> list[date]:
    rated = state.event_days(connection) | state.partitions(connection, USAGE_RECORDS.name).keys()
    days = rated & set(period.days)
    tables = (SET_ASIDE, USAGE_RECORDS, DAILY_COSTS, TENANT_COSTS)
    return sorted({day for table in tables for day in stale_days(storage, connection, table, days)})


def closed_period(connection: Connection, tenant_id: str, first_day: date) -> ClosedPeriod | None:
    """The closed period of a tenant that begins on the day, if it is closed."""
    return next((period for period in closed_of(connection, tenant_id) if period.first_day == first_day), None)


def closed_of(connection: Connection, tenant_id: str) -> list[ClosedPeriod]:
    """The closed periods of a tenant, oldest first."""
    query = (
        select(closed_periods).where(closed_periods.c.tenant_id == tenant_id).order_by(closed_periods.c.first_day)
    )
    return [ClosedPeriod(**row) for row in connection.execute(query).mappings()]


def _freeze(connection: Connection, tenant_id: str, period: BillingPeriod) -> str:
    """Copy the period's rows; returns a digest of them."""
    costs, partition = tenant_costs.c, partition_state.c
    values = ("quantity", "unpriced_quantity", "amount", "price_book_version")
    selected = (
        select(
            costs.tenant_id,
            costs.day,
            costs.value.label("model"),
            costs["class"],
            *(costs[name] for name in values),
            cast(partition.version, Integer).label("version"),
        )
        .join(partition_state, (partition.table_name == TENANT_COSTS.name) & (partition.day == costs.day))
        .where(
            costs.tenant_id == tenant_id,
            costs.dimension == "model",
            costs.day.between(period.first, period.last),
        )
        .order_by(costs.day, costs.value, costs["class"])
    )
    rows = [{**row, "first_day": period.first} for row in connection.execute(selected).mappings()]
    if rows:
        connection.execute(closed_costs.insert(), rows)
    return fingerprint(value for row in rows for value in row.values())
