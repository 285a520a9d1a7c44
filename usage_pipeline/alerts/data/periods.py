"""Closed billing periods whose costs or credits have changed since.

A change is news for `USAGE_LATENESS_DAYS`, like a day until it is final; one that comes later is a new episode.
"""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, FromClause, Select, func, select, true

from usage_pipeline.alerts.data.finding import Finding, Key, Look, Raised
from usage_pipeline.alerts.tables import AlertKind
from usage_pipeline.billing.calendar import BillingPeriod
from usage_pipeline.billing.ledger.entries import exact
from usage_pipeline.billing.tables import CLOSED_PERIODS, NEXT_PERIOD
from usage_pipeline.costs.tables import TENANT_COSTS
from usage_pipeline.credits.tables import CREDIT_USAGE
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import partition_state, usage_versions, warehouse_table
from usage_pipeline.storage.tables import ERASED_TENANT

closed_periods = warehouse_table(CLOSED_PERIODS)

_UNITS = {TENANT_COSTS.name: ("Costs", "cost", "USD"), CREDIT_USAGE.name: ("Credits", "credits", "credits")}
_TABLES = tuple(_UNITS)
_INDEXED, _NULLABLE = ("table_name", "day", "tenant_id"), ("model", "class")
_KEY = (*_INDEXED, *_NULLABLE)
"""What a number is of. No index is used for what is compared as nulls are."""
_OF_PERIOD = ("tenant_id", "first_day", "last_day", "late_usage")
_WHAT_HAPPENS = {
    True: "the statement stays, and the difference is in that of the next open period",
    False: "the statement of the period is another now",
}


def look_at_periods(storage: Storage, connection: Connection, raised: Sequence[Raised]) -> Look:
    """Find the periods that differ from how they were closed; one without a new change ends."""
    since = storage.settings.clock.now - storage.settings.clock.lateness
    changed = _changed_days(connection, since)
    rows = connection.execute(_differences(changed, since)).mappings().all() if changed else []
    by_period: dict[Key, list[Any]] = {}
    for row in rows:
        period = BillingPeriod(row["first_day"], row["last_day"])
        by_period.setdefault(Key(AlertKind.PERIOD_RESTATED, row["tenant_id"], period.name), []).append(row)
    found = [_finding(key, own) for key, own in by_period.items() if any(row["differing"] for row in own)]
    return Look(found, {one.key for one in raised} - by_period.keys())


def _changed_days(connection: Connection, since: datetime) -> list[date]:
    """Return the days of closed periods that have changed since: mostly none, and then nothing more is read."""
    columns = partition_state.c
    last_closed = select(func.max(closed_periods.c.last_day)).scalar_subquery()
    query = select(columns.day).where(
        columns.table_name.in_(_TABLES), columns.changed_at > since, columns.day <= last_closed
    )
    return list(connection.execute(query.distinct()).scalars())


def _differences(days: Collection[date], since: datetime) -> Select[Any]:
    """Select how many numbers that have changed since differ from those of the closing, by period and table."""
    closed, version = closed_periods.c, usage_versions.c
    changed = (
        select(*(version[name] for name in _KEY), *(closed[name] for name in _OF_PERIOD[1:]), closed.last_change)
        .join(
            closed_periods,
            (closed.tenant_id == version.tenant_id)
            & version.day.between(closed.first_day, closed.last_day)
            & (version.id > closed.last_change),
        )
        .where(
            version.table_name.in_(_TABLES),
            version.day.in_(days),
            version.committed_at > since,
            version.tenant_id != ERASED_TENANT,
        )
        .distinct()
        .cte("changed")
    )
    now, then = _last_of(changed, known_at_closing=False), _last_of(changed, known_at_closing=True)
    quantity, amount = (func.coalesce(then.c[name], 0) for name in ("quantity", "amount"))
    differs = (now.c.quantity != quantity) | now.c.amount.is_distinct_from(then.c.amount)
    difference = func.sum(func.coalesce(now.c.amount, 0) - amount)
    of_period = (*(changed.c[name] for name in _OF_PERIOD), changed.c.table_name)
    query = select(*of_period, func.count().filter(differs).label("differing"), difference.label("difference"))
    joined = query.select_from(changed.join(now, true()).outerjoin(then, true()))
    return joined.group_by(*of_period).order_by(*of_period)


def _last_of(changed: FromClause, *, known_at_closing: bool) -> FromClause:
    """Select the last version of each number, or the last of those that the closing knew."""
    version = usage_versions.alias()
    same = [version.c[name] == changed.c[name] for name in _INDEXED]
    same += [version.c[name].is_not_distinct_from(changed.c[name]) for name in _NULLABLE]
    known = [version.c.id <= changed.c.last_change] if known_at_closing else []
    query = select(version.c.quantity, version.c.amount).where(*same, *known)
    return query.order_by(version.c.id.desc()).limit(1).lateral()


def _options(row: Any) -> str:  # noqa: ANN401 - a row
    return f"--from {row['first_day']} --to {row['last_day']}"


def _finding(key: Key, rows: Sequence[Any]) -> Finding:
    row = rows[0]
    differences = {one["table_name"]: one["difference"] for one in rows if one["differing"]}
    with exact():
        texts = {table: f"{number.normalize():+,f}" for table, number in differences.items()}
        plain = {table: f"{number.normalize():f}" for table, number in differences.items()}
    return Finding(
        key,
        facts=(
            ("Period", f"{row['first_day']} to {row['last_day']} (UTC)"),
            *((_UNITS[table][0], f"{text} {_UNITS[table][2]}") for table, text in texts.items()),
            ("Billing", _WHAT_HAPPENS[row["late_usage"] == NEXT_PERIOD]),
            ("Why", f"`usage-pipeline cost-diff --tenant {key.tenant_id} {_options(row)}` says it"),
        ),
        numbers={
            "late_usage": row["late_usage"],
            "differences": {_UNITS[table][1]: text for table, text in plain.items()},
        },
        first_day=row["first_day"],
        last_day=row["last_day"],
    )
