"""Numbers that are not as expected, and limits that will probably be passed: by the insights of the last day.

Insights are kept once a day, so a refresh reads a few rows and computes no forecast.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal

from sqlalchemy import Connection, RowMapping, func, select

from usage_pipeline.alerts.data.finding import Finding, Key, Look, Raised
from usage_pipeline.alerts.data.open_days import span_of_open_days
from usage_pipeline.alerts.tables import AlertKind
from usage_pipeline.billing.ledger.entries import exact
from usage_pipeline.clock import Clock
from usage_pipeline.insights.kept.tables import LIMIT_OUTLOOKS, USAGE_ANOMALIES, USAGE_TRENDS
from usage_pipeline.limits.decisions import plain
from usage_pipeline.limits.limited import SCOPED
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import warehouse_table

usage_trends = warehouse_table(USAGE_TRENDS)
usage_anomalies = warehouse_table(USAGE_ANOMALIES)
limit_outlooks = warehouse_table(LIMIT_OUTLOOKS)

_TOLD_SEVERITIES = ("medium", "high")
_DIRECTIONS = {"spike": "higher", "rise": "higher", "drop": "lower", "fall": "lower"}
_PROBABLE, _POSSIBLE = Decimal("0.8"), Decimal("0.5")
"""From which probability on an alert begins, and down to which it goes on."""


def look_at_anomalies(storage: Storage, connection: Connection, raised: Sequence[Raised]) -> Look:
    """Find the tenants with anomalies that go on, higher and lower apart: one event is seen in many measures."""
    last = _last_open_day(connection, storage.settings.clock)
    if last is None:
        return Look([], {one.key for one in raised})
    columns = usage_anomalies.c
    query = select(usage_anomalies).where(
        columns.as_of == last,
        columns.last_day == last,
        columns.tenant_id != "",
        columns.severity.in_(_TOLD_SEVERITIES),
    )
    found: defaultdict[Key, list[RowMapping]] = defaultdict(list)
    for row in connection.execute(query.order_by(columns.score.desc(), columns.measure)).mappings():
        found[Key(AlertKind.ANOMALY, row["tenant_id"], _DIRECTIONS[row["kind"]])].append(row)
    return Look([_of_anomalies(key, rows) for key, rows in found.items()])


def look_at_projections(storage: Storage, connection: Connection, raised: Sequence[Raised]) -> Look:
    """Find the limits that will probably be passed; one that is passed ends, and has an alert of its own."""
    last = _last_open_day(connection, storage.settings.clock)
    if last is None:
        return Look([], {one.key for one in raised})
    columns = limit_outlooks.c
    query = select(limit_outlooks).where(columns.as_of == last, columns.probability >= _POSSIBLE)
    in_order = query.order_by(columns.limit_id, columns.tenant_id, *(columns[name] for name in SCOPED))
    rows = {_key(row): row for row in connection.execute(in_order).mappings()}
    passed = {key for key, row in rows.items() if row["used"] > row["amount"]}
    return Look([_of_limit(key, row) for key, row in rows.items() if key not in passed], passed)


def _last_open_day(connection: Connection, clock: Clock) -> date | None:
    """Return the last day that insights are as of; None if it is final, and what was found then no news."""
    last: date | None = connection.execute(select(func.max(usage_trends.c.as_of))).scalar_one()
    return last if last is not None and last >= span_of_open_days(clock)[0] else None


def _of_anomalies(key: Key, rows: Sequence[RowMapping]) -> Finding:
    names = ("value", "expected", "low", "high")
    numbers = [
        {"measure": row["measure"], "severity": row["severity"], **{name: _number(row[name]) for name in names}}
        for row in rows
    ]
    told = "; ".join(
        f"{row['measure']} {_shown(row['value'])} instead of {_shown(row['expected'])} "
        f"({_shown(row['low'])} to {_shown(row['high'])})"
        for row in rows
    )
    explained = ", ".join(dict.fromkeys(_explained(rows)))
    return Finding(
        key,
        facts=(
            ("Numbers", told),
            ("Day", f"{rows[0]['worst_day']} (UTC)"),
            *([("Most of it", explained)] if explained else []),
        ),
        numbers={"anomalies": numbers},
        first_day=min(row["first_day"] for row in rows),
        last_day=max(row["last_day"] for row in rows),
    )


def _explained(rows: Sequence[RowMapping]) -> Iterator[str]:
    """Yield the values that explain most of the first measures."""
    for row in rows:
        for part in row["explanation"] or ():
            yield f"{part['dimension']} {part['value']}"


def _key(row: RowMapping) -> Key:
    scope = [row[name] for name in SCOPED if row[name]]
    return Key(AlertKind.PROJECTED_LIMIT, row["tenant_id"], " ".join([row["limit_id"], *scope]))


def _of_limit(key: Key, row: RowMapping) -> Finding:
    expected = [] if row["expected"] is None else [("Expected", f"{_shown(row['expected'])} at the end of it")]
    days = {name: row[name] and row[name].isoformat() for name in ("day", "earliest", "latest")}
    return Finding(
        key,
        facts=(
            ("What", row["metric"]),
            ("Used", f"{_shown(row['used'])} of {_shown(row['amount'])}, by {row['as_of']} (UTC)"),
            ("Period", f"{row['period']}, looked at until {row['last_day']}"),
            *expected,
            ("Probability", f"{100 * row['probability']:.0f} %"),
            ("Passed", f"{row['day']}, or from {row['earliest']} on"),
        ),
        numbers={
            "metric": row["metric"],
            "probability": str(row["probability"]),
            **{name: _number(row[name]) for name in ("used", "amount", "expected")},
            **days,
        },
        first_day=row["as_of"],
        last_day=row["last_day"],
        may_begin=row["probability"] >= _PROBABLE,
    )


def _number(value: Decimal | None) -> str | None:
    return None if value is None else f"{plain(value):f}"


def _shown(value: Decimal) -> str:
    with exact():
        return f"{plain(round(value, 2)):,f}"
