"""Records each change of a published number in `usage_versions`.

Nothing of it is ever pruned. A day's first computation is version 1. A row that disappears is a change to zero.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select, text

from usage_pipeline.clock import days_between
from usage_pipeline.storage import audit, state
from usage_pipeline.storage.audit import Action
from usage_pipeline.storage.daily import DailyTable
from usage_pipeline.storage.landed_files import FileState
from usage_pipeline.storage.nearby_rows import with_nearby
from usage_pipeline.storage.published_numbers import Key, Number, Numbers, numbers_before, numbers_now
from usage_pipeline.storage.schema import landing_event_days, landing_files, usage_versions
from usage_pipeline.storage.state import Partition
from usage_pipeline.storage.state_tables import USAGE_VERSIONS
from usage_pipeline.storage.warehouse import copy_rows

if TYPE_CHECKING:
    from usage_pipeline.storage.opened import Storage


class Cause(StrEnum):
    """The cause of a change."""

    FIRST = "first"
    LATE = "late"
    RESTATE = "restate"
    WITHDRAW = "withdraw"
    VOID = "void"
    RERATE = "rerate"


SET_ASIDE = "excluded_events"
"""The table of lines that lost to others: through it, and nothing else, lines of days nearby change a day."""


@dataclass(frozen=True)
class Published:
    """The numbers of a table on some days before they are computed; none of a table without versions."""

    table: DailyTable
    partitions: Mapping[date, Partition]
    numbers: Numbers


def published(
    connection: Connection, table: DailyTable, partitions: Mapping[date, Partition], days: Collection[date]
) -> Published:
    """Read the numbers that are published now; `partitions` are those of the table."""
    return Published(table, partitions, numbers_before(connection, table, days))


def begin_changes(connection: Connection, table: DailyTable) -> None:
    """Say that changes of published numbers follow in this transaction, before the time that they have is taken.

    Whoever keeps changes out has either all of them, or none, and then a time that is not later than theirs.
    """
    if table.versioned is not None:
        connection.execute(text(f"LOCK TABLE {usage_versions.fullname} IN ROW EXCLUSIVE MODE"))


def keep_changes_out(connection: Connection) -> None:
    """Wait for open changes of published numbers, then block new ones until this transaction ends.

    So every change that comes later has a later id, and a time that is not earlier.
    """
    connection.execute(text(f"LOCK TABLE {usage_versions.fullname} IN SHARE MODE"))


def record_changes(
    storage: "Storage",
    connection: Connection,
    before: Published,
    now: Mapping[date, Partition],
    lookback_days: int,
) -> None:
    """Add the differences between before and now, within the caller's transaction.

    `lookback_days` is how many days before its own the table changes with.
    """
    days = [
        day
        for day, partition in sorted(now.items())
        if day not in before.partitions or before.partitions[day].version != partition.version
    ]
    after = numbers_now(storage, connection, before.table, days)
    rows = [
        row for day in days for row in _changes(connection, before, now[day], after.get(day, {}), lookback_days)
    ]
    if rows:
        copy_rows(connection, USAGE_VERSIONS, _COPIED, ([row.get(name) for name in _COPIED] for row in rows))


def _changes(
    connection: Connection, before: Published, now: Partition, after: Mapping[Key, Number], lookback_days: int
) -> list[dict[str, object]]:
    earlier = before.numbers.get(now.day, {})
    changed = [
        (key, earlier.get(key, _GONE), after.get(key, _GONE))
        for key in sorted(earlier.keys() | after)
        if not earlier.get(key, _UNKNOWN).same_as(after.get(key, _UNKNOWN))
    ]
    if not changed:
        return []
    cause = _cause(connection, before.partitions.get(now.day), now.day, lookback_days)
    if cause is Cause.RESTATE and _versions(earlier) and _versions(after) - _versions(earlier):
        cause = Cause.RERATE
    return [
        {
            "table_name": now.table_name,
            "day": now.day,
            "version": now.version,
            **dict(key),
            **vars(number),
            "cause": Cause.RERATE if _rerated(old, number) else cause,
            "committed_at": now.committed_at,
        }
        for key, old, number in changed
    ]


_COPIED = USAGE_VERSIONS.column_names[1:]
"""All columns but the id, which counts up by itself."""

_GONE = Number(quantity=0)
"""A row that is not there any more counts as a change to zero."""

_UNKNOWN = Number()


def _versions(numbers: Mapping[Key, Number]) -> set[str]:
    """The price books or credit rates of the numbers of a day."""
    return {number.price_book_version for number in numbers.values() if number.price_book_version is not None}


def _rerated(before: Number, after: Number) -> bool:
    """True if other prices or credit rates apply to the same usage."""
    versions = (before.price_book_version, after.price_book_version)
    return before.quantity == after.quantity and None not in versions and versions[0] != versions[1]


def _cause(connection: Connection, before: Partition | None, day: date, lookback_days: int) -> Cause:
    """The strongest thing that happened to files of the day, or of its look-back, since it was committed.

    If nothing did, and other lines are set aside now, it happened to files of days nearby.
    """
    if before is None or before.committed_at is None:
        return Cause.FIRST
    first, since = day - timedelta(days=lookback_days), before.committed_at
    found = _happened(connection, days_between(first, day), since)
    if found is None and _set_aside_since(connection, first, day, since):
        found = _happened(connection, with_nearby(connection, first, day), since)
    return found or Cause.RESTATE


def _happened(connection: Connection, days: Collection[date], since: datetime) -> Cause | None:
    acts = audit.actions_since(connection, days, since)
    for action, cause in _CAUSES.items():
        if action in acts:
            return cause
    landed = (
        select(landing_files.c.path)
        .join(landing_event_days, landing_event_days.c.path == landing_files.c.path)
        .where(
            landing_files.c.state == FileState.LANDED,
            landing_files.c.landed_at > since,
            landing_event_days.c.event_day.in_(days),
        )
        .limit(1)
    )
    return Cause.LATE if connection.execute(landed).first() else None


def _set_aside_since(connection: Connection, first: date, last: date, since: datetime) -> bool:
    partitions = state.partitions(connection, SET_ASIDE, first, last).values()
    return any(partition.changed_at and partition.changed_at > since for partition in partitions)


_CAUSES = {Action.WITHDRAWN: Cause.WITHDRAW, Action.VOIDED: Cause.VOID, Action.RELEASED: Cause.LATE}
"""The causes that acts on files are, the strongest first."""
