"""Landed rows of days nearby, as an input of days with files that say `unique_within_days`.

Only landed rows of other days are read, never what became of them: so days can be computed in any order, and at
once. A day with nothing nearby costs nothing, and neither does one whose files say 0.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from duckdb import DuckDBPyConnection
from sqlalchemy import Connection

from usage_pipeline.clock import days_between
from usage_pipeline.storage import landed_days, landed_files
from usage_pipeline.storage.daily import NearbyRows, UniqueFiles
from usage_pipeline.storage.digests import fingerprint
from usage_pipeline.storage.landed_days import LandedShare
from usage_pipeline.storage.landed_rows import LandedObjects
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.pruned import PrunedTenants
from usage_pipeline.storage.rows import register_rows
from usage_pipeline.storage.tables import empty_select


def days_nearby(day: date, within: int) -> list[date]:
    """The days at most so many before or after a day, without it, in order."""
    reach = timedelta(days=within)
    return [near for near in days_between(day - reach, day + reach) if near != day]


def with_nearby(connection: Connection, first: date, last: date) -> list[date]:
    """The days from first to last, and those nearby whose lines theirs are compared with."""
    reach = timedelta(days=landed_days.greatest_reach(connection, first, last))
    return days_between(first - reach, last + reach)


@dataclass
class _SourceDay:
    """The landed rows of a source on a day: place and digest by file, and the files that reach days nearby."""

    parts: list[object] = field(default_factory=list)
    reaching: dict[str, int] = field(default_factory=dict)

    @property
    def reach(self) -> int:
        """How many days nearby are compared with this one."""
        return max(self.reaching.values(), default=0)


_SourceDays = Mapping[tuple[str, date], _SourceDay]


def nearby_digests(connection: Connection, days: Collection[date]) -> dict[date, str]:
    """The digest of what each of the days reads of those nearby; none of a day that reads nothing."""
    reaches = landed_files.reaches(connection)
    found = _source_days(connection, reaches, days) if reaches else {}
    parts = {day: list(_parts(found, sorted(reaches), day)) for day in days}
    return {day: fingerprint(of_day) for day, of_day in parts.items() if of_day}


def _source_days(connection: Connection, reaches: Mapping[str, int], days: Collection[date]) -> _SourceDays:
    within = max(reaches.values())
    window = {near for day in days for near in (day, *days_nearby(day, within))}
    found: defaultdict[tuple[str, date], _SourceDay] = defaultdict(_SourceDay)
    for source, event_day, path, reach, *known in landed_days.digests_of(connection, reaches.keys(), window):
        of_day = found[source, event_day]
        of_day.parts += (path, *known)
        if reach:
            of_day.reaching[path] = reach
    return found


def _parts(found: _SourceDays, sources: Collection[str], day: date) -> Iterator[object]:
    for source in sources:
        own = found.get((source, day))
        nearby = [near for near in days_nearby(day, own.reach) if (source, near) in found] if own else []
        if own and nearby:
            yield from (source, *own.reaching.items())
            yield from ((near, fingerprint(found[source, near].parts)) for near in nearby)


def register_unique_files(
    entry: UniqueFiles, connection: Connection, duck: DuckDBPyConnection, days: Collection[date]
) -> None:
    """Make the files with rows of these days that reach days nearby readable, and how far they reach."""
    files = {share.path: share.unique_within_days for share in _reaching(connection, days)}
    register_rows(duck, entry.name, entry.columns, files.items())


def register_nearby(
    entry: NearbyRows, storage: Storage, connection: Connection, duck: DuckDBPyConnection, days: Collection[date]
) -> None:
    """Make the rows that these days read of others readable; their own rows and unique files are readable already.

    Raises PartitionError when rows that landed are not there.
    """
    own = _reaching(connection, days)
    window = {near for share in own for near in days_nearby(share.event_day, share.unique_within_days)}
    shares = landed_days.landed_shares(connection, window, {share.source for share in own})
    if not shares:
        duck.execute(f'CREATE TEMP VIEW "{entry.name}" AS {empty_select(entry.columns)}')
        return
    # Of a pruned row its id is left as long as a line of a day nearby is compared with it.
    pruned = PrunedTenants.on(connection, duck, window)
    source = LandedObjects(entry.spec, storage, shares, pruned).scan(duck, window, days)
    duck.execute(f'CREATE TEMP TABLE "{entry.name}" AS {nearby_select(entry, source)}')


def nearby_select(entry: NearbyRows, source: str) -> str:
    """Return the SELECT of the rows whose ids the days have, found by hashes, because these take little memory.

    A hash that two ids share only brings a row too many: who reads the rows compares the ids.
    """
    key = ", ".join(f'"{name}"' for name in entry.key)
    names = ", ".join(f'nearby."{name}"' for name in (*entry.key, *entry.others))
    apart = "abs(date_diff('day', own.event_day, nearby.event_day))"
    own = (
        f'SELECT event_day, hash({key}) AS id, max(unique_within_days) AS reach FROM "{entry.spec.name}" '
        f'INNER JOIN "{entry.files.name}" USING (landing_file) GROUP BY ALL'
    )
    return (
        f"SELECT own.event_day, {apart} AS days_apart, {names} "
        f"FROM (SELECT *, hash({key}) AS id FROM {source}) AS nearby "
        f"INNER JOIN ({own}) AS own ON nearby.id = own.id AND {apart} BETWEEN 1 AND own.reach"
    )


def _reaching(connection: Connection, days: Collection[date]) -> list[LandedShare]:
    return [share for share in landed_days.landed_shares(connection, days) if share.unique_within_days]
