"""The rows of landing files on event days, as the state knows them: number, digest, and how many are pruned."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, func, select

from usage_pipeline.storage.landed_files import LANDING_ORDER, FileState
from usage_pipeline.storage.schema import landing_event_days, landing_files, one_of


@dataclass(frozen=True)
class LandedDay:
    """The rows of one landing file on one event day."""

    path: str
    event_day: date
    rows: int
    digest: str
    pruned_rows: int = 0


@dataclass(frozen=True)
class LandedShare:
    """Rows of one event day in the object of one landed file."""

    path: str
    landing_day: date
    object_name: str
    event_day: date
    rows: int
    """Those whose records are not pruned."""
    source: str
    unique_within_days: int


def landed_shares(
    connection: Connection, days: Collection[date], sources: Collection[str] | None = None
) -> list[LandedShare]:
    """The rows of landed files on these event days, in landing order; those of all sources if none are named."""
    files, shares = landing_files.c, landing_event_days.c
    of_file = (files.path, files.landing_day, files.object_name)
    rows = shares.rows - shares.pruned_rows
    query = _landed(*of_file, shares.event_day, rows, files.source, files.unique_within_days)
    query = query.where(shares.event_day.in_(days)).order_by(*LANDING_ORDER)
    if sources is not None:
        query = query.where(files.source.in_(sources))
    return [LandedShare(*row) for row in connection.execute(query)]


def shares_of_all_files(connection: Connection, days: Collection[date]) -> list[LandedShare]:
    """The same rows of all files that have an object, landed or not."""
    files, shares = landing_files.c, landing_event_days.c
    of_file = (files.path, files.landing_day, files.object_name)
    rows = shares.rows - shares.pruned_rows
    query = (
        select(*of_file, shares.event_day, rows, files.source, files.unique_within_days)
        .join_from(landing_event_days, landing_files, shares.path == files.path)
        .where(shares.event_day.in_(days), files.object_name.is_not(None))
    )
    return [LandedShare(*row) for row in connection.execute(query)]


def landed_digests(connection: Connection, days: Collection[date]) -> list[tuple[date, date, str, str, int]]:
    """Event day, landing day, path, digest and pruned rows of landed files on these days, in landing order."""
    files, shares = landing_files.c, landing_event_days.c
    query = _landed(shares.event_day, files.landing_day, files.path, shares.digest, shares.pruned_rows)
    query = query.where(shares.event_day.in_(days)).order_by(*LANDING_ORDER)
    return [tuple(row) for row in connection.execute(query)]


def greatest_reach(connection: Connection, first: date, last: date) -> int:
    """The greatest `unique_within_days` of landed files with rows of these event days."""
    query = _landed(func.coalesce(func.max(landing_files.c.unique_within_days), 0))
    return int(connection.execute(query.where(landing_event_days.c.event_day.between(first, last))).scalar_one())


def digests_of(
    connection: Connection, sources: Collection[str], days: Collection[date]
) -> list[tuple[str, date, str, int, date, str]]:
    """Source, event day, path, `unique_within_days`, landing day and digest of landed files, in landing order."""
    files, shares = landing_files.c, landing_event_days.c
    place = (files.source, shares.event_day, files.path)
    query = _landed(*place, files.unique_within_days, files.landing_day, shares.digest)
    query = query.where(files.source.in_(sources), shares.event_day.in_(days)).order_by(*LANDING_ORDER)
    found = connection.execute(query)
    return [(source, day, path, within, landed, digest) for source, day, path, within, landed, digest in found]


def rows_by_event_day(connection: Connection, days: Collection[date]) -> dict[date, int]:
    """The number of rows of landed files on each of these event days, without those whose records are pruned."""
    shares = landing_event_days.c
    query = _landed(shares.event_day, func.sum(shares.rows - shares.pruned_rows))
    query = query.where(shares.event_day.in_(days)).group_by(shares.event_day)
    return {day: int(rows) for day, rows in connection.execute(query)}


def pruned_by_event_day(connection: Connection) -> dict[date, int]:
    """The number of rows of landed files whose records are pruned, on each event day that has any."""
    shares = landing_event_days.c
    query = _landed(shares.event_day, func.sum(shares.pruned_rows)).group_by(shares.event_day)
    query = query.where(shares.pruned_rows > 0)
    return {day: int(rows) for day, rows in connection.execute(query)}


def days_with_records(connection: Connection, by: datetime | None = None) -> frozenset[date]:
    """The event days with rows, whose records are not pruned, of landed files; of those that landed by a time."""
    shares = landing_event_days.c
    query = _landed(shares.event_day).where(shares.rows > shares.pruned_rows)
    if by is not None:
        query = query.where(landing_files.c.landed_at <= by)
    return frozenset(connection.execute(query.distinct()).scalars())


def shares_by_landing_day(connection: Connection, days: Collection[date]) -> dict[date, list[LandedDay]]:
    """The event days of the landed files of these landing days, by landing day."""
    query = _landed(landing_files.c.landing_day, *landing_event_days.c)
    found: dict[date, list[LandedDay]] = {}
    for landing_day, *share in connection.execute(query.where(landing_files.c.landing_day.in_(days))):
        found.setdefault(landing_day, []).append(LandedDay(*share))
    return found


def event_days_of(connection: Connection, paths: Collection[str]) -> list[LandedDay]:
    """The event days of these files, landed or not."""
    query = select(landing_event_days).where(one_of(landing_event_days.c.path, paths))
    return [LandedDay(**row) for row in connection.execute(query).mappings()]


def paths_with_events_before(connection: Connection, day: date) -> set[str]:
    """The files, landed or not, with rows of an event day before this one."""
    shares = landing_event_days.c
    return set(connection.execute(select(shares.path).where(shares.event_day < day).distinct()).scalars())


def days_with_rows_before(connection: Connection, day: date) -> list[date]:
    """The event days before this one with rows of any file whose records are not pruned, in order."""
    shares = landing_event_days.c
    query = select(shares.event_day).where(shares.event_day < day, shares.rows > shares.pruned_rows)
    return list(connection.execute(query.distinct().order_by(shares.event_day)).scalars())


def record_event_days(connection: Connection, paths: Collection[str], event_days: Collection[LandedDay]) -> None:
    """Put these event days in the place of those that the files held."""
    connection.execute(landing_event_days.delete().where(one_of(landing_event_days.c.path, paths)))
    if event_days:
        connection.execute(landing_event_days.insert(), [vars(day) for day in event_days])


def record_digests(connection: Connection, event_days: Collection[LandedDay]) -> None:
    """Note the digests that the rows of files and event days have now."""
    shares = landing_event_days.c
    of_share = (shares.path == bindparam("of_path")) & (shares.event_day == bindparam("of_day"))
    connection.execute(
        landing_event_days.update().where(of_share).values(digest=bindparam("now")),
        [{"of_path": day.path, "of_day": day.event_day, "now": day.digest} for day in event_days],
    )


def record_rows_left(connection: Connection, left: Mapping[tuple[str, date], int]) -> None:
    """Note how many rows of a file and event day have records that are kept; those of the others are pruned."""
    if not left:
        return
    shares, files = landing_event_days.c, landing_files.c
    of_share = (shares.path == bindparam("of_path")) & (shares.event_day == bindparam("of_day"))
    connection.execute(
        landing_event_days.update().where(of_share).values(pruned_rows=shares.rows - bindparam("left")),
        [{"of_path": path, "of_day": day, "left": rows} for (path, day), rows in sorted(left.items())],
    )
    total = select(func.sum(shares.pruned_rows)).where(shares.path == files.path).scalar_subquery()
    concerned = one_of(files.path, {path for path, _ in left})
    connection.execute(landing_files.update().where(concerned).values(accepted_pruned=total))


def first_event_day(connection: Connection) -> date | None:
    """The earliest event day with rows of a landed file, if there is any."""
    return connection.execute(_landed(func.min(landing_event_days.c.event_day))).scalar()


def event_days(connection: Connection) -> set[date]:
    """Every event day with rows of a landed file."""
    return set(connection.execute(_landed(landing_event_days.c.event_day).distinct()).scalars())


def _landed(*columns: ColumnElement[Any]) -> Select[*tuple[Any, ...]]:
    """A query of landed files and their event days."""
    files, shares = landing_files.c, landing_event_days.c
    return (
        select(*columns)
        .join_from(landing_event_days, landing_files, shares.path == files.path)
        .where(files.state == FileState.LANDED)
    )
