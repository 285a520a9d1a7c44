"""Every published change of a number: `usage_versions`, one row per table, day, tenant, model and class.

Nothing of it is ever pruned. A day's first computation is version 1. A row that disappears is a change to zero.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import Connection, select

from usage_pipeline.storage import audit
from usage_pipeline.storage.audit import Action
from usage_pipeline.storage.daily import DailyTable, Versioned
from usage_pipeline.storage.landed_files import FileState
from usage_pipeline.storage.schema import SCHEMA, landing_event_days, landing_files, metadata, usage_versions
from usage_pipeline.storage.state import Partition


class Cause(StrEnum):
    """Why a number changed."""

    FIRST = "first"
    LATE = "late"
    RESTATE = "restate"
    WITHDRAW = "withdraw"
    VOID = "void"
    RERATE = "rerate"


@dataclass(frozen=True)
class Number:
    """What a row says: a quantity and, of costs, an amount by a price book."""

    quantity: int | None = None
    amount: Decimal | None = None
    price_book_version: str | None = None

    def same_as(self, other: "Number") -> bool:
        """Whether both say the same, by whichever price book."""
        return (self.quantity, self.amount) == (other.quantity, other.amount)


_Key = tuple[str, ...]
"""Tenant, and what else names a row."""

_Numbers = Mapping[_Key, Number]
"""Those of a day."""


@dataclass(frozen=True)
class Published:
    """What a versioned table held of some days before they are computed: nothing, of any other table."""

    versioned: Versioned | None
    partitions: Mapping[date, Partition] = field(default_factory=dict)
    numbers: Mapping[date, _Numbers] = field(default_factory=dict)


def published(
    connection: Connection, table: DailyTable, partitions: Mapping[date, Partition], days: Collection[date]
) -> Published:
    """Look at what is published now; `partitions` are those of the table."""
    if table.versioned is None:
        return Published(None)
    return Published(table.versioned, partitions, _numbers(connection, table.versioned, table.name, days))


def record_changes(
    connection: Connection, before: Published, now: Mapping[date, Partition], lookback_days: int
) -> None:
    """Add what differs between before and now, within the caller's transaction.

    `lookback_days` is how many days before its own the table changes with.
    """
    if before.versioned is None:
        return
    computed = [
        partition
        for day, partition in sorted(now.items())
        if day not in before.partitions or before.partitions[day].version != partition.version
    ]
    if not computed:
        return
    after = _numbers(connection, before.versioned, computed[0].table_name, [entry.day for entry in computed])
    rows = [
        row
        for partition in computed
        for row in _changes(connection, before, partition, after.get(partition.day, {}), lookback_days)
    ]
    if rows:
        connection.execute(usage_versions.insert(), rows)


def _changes(
    connection: Connection, before: Published, now: Partition, after: _Numbers, lookback_days: int
) -> list[dict[str, object]]:
    earlier = before.numbers.get(now.day, {})
    changed = [
        (key, earlier.get(key, _GONE), after.get(key, _GONE))
        for key in sorted(earlier.keys() | after)
        if not earlier.get(key, _UNKNOWN).same_as(after.get(key, _UNKNOWN))
    ]
    if not changed or before.versioned is None:
        return []
    cause = _cause(connection, before.partitions.get(now.day), now.day, lookback_days)
    return [
        {
            "table_name": now.table_name,
            "day": now.day,
            "version": now.version,
            "tenant_id": key[0],
            **{name: part for (name, _), part in zip(before.versioned.keys, key[1:], strict=True)},
            **vars(number),
            "cause": Cause.RERATE if _rerated(old, number) else cause,
            "committed_at": now.committed_at,
        }
        for key, old, number in changed
    ]


_GONE = Number(quantity=0)
"""A row that is not there any more counts as a change to zero."""

_UNKNOWN = Number()


def _rerated(before: Number, after: Number) -> bool:
    """Whether the same usage was priced by another book."""
    versions = (before.price_book_version, after.price_book_version)
    return before.quantity == after.quantity and None not in versions and versions[0] != versions[1]


def _numbers(
    connection: Connection, versioned: Versioned, name: str, days: Collection[date]
) -> Mapping[date, _Numbers]:
    table = metadata.tables[f"{SCHEMA}.{name}"].c
    keys = [table.tenant_id, *(table[column] for _, column in versioned.keys)]
    named = {field.name: getattr(versioned, field.name) for field in fields(Number)}
    values = {name: table[column] for name, column in named.items() if column is not None}
    query = select(table.day, *keys, *values.values()).where(
        table.day.in_(days), *(table[name] == value for name, value in versioned.where)
    )
    found: dict[date, dict[_Key, Number]] = {}
    for day, *row in connection.execute(query):
        number = Number(**dict(zip(values, row[len(keys) :], strict=True)))
        found.setdefault(day, {})[tuple(row[: len(keys)])] = number
    return found


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
