"""The truth about landing files: what became of each, and what it holds of which event days.

Neither the file system nor Dagster's event log is asked for this. What does not belong here: deciding what
becomes of a file (`events/landing`).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.postgresql import insert

from usage_pipeline.storage.schema import landing_event_days, landing_files


class FileState(StrEnum):
    """What became of a landing file."""

    LANDED = "landed"
    QUARANTINED = "quarantined"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"

    @property
    def needs_attention(self) -> bool:
        """Whether nothing of the file counts though nobody has decided so."""
        return self in {FileState.QUARANTINED, FileState.FAILED}


@dataclass(frozen=True)
class LandedFile:
    """One row of `landing_files`. `lines = header + continuation + blank + accepted + rejected`."""

    path: str
    source: str
    landing_day: date
    size: int
    mtime_ns: int
    content_digest: str | None
    identity_digest: str | None
    object_name: str | None
    format_digest: str
    state: FileState
    error: str | None
    lines: int
    header: int
    continuation: int
    blank: int
    accepted: int
    rejected: int
    landed_at: datetime
    run: str
    vanished_at: datetime | None = None

    @property
    def counts(self) -> bool:
        """Whether its accepted lines are usage."""
        return self.state is FileState.LANDED

    @property
    def reject_share(self) -> Decimal:
        """The share of its lines that were rejected, of those that could be events."""
        judged = self.accepted + self.rejected
        return Decimal(self.rejected) / judged if judged else Decimal(0)

    @property
    def has_nothing_accepted(self) -> bool:
        """Whether it landed, and yet brought nothing but rejected lines."""
        return self.counts and not self.accepted and bool(self.rejected)


@dataclass(frozen=True)
class LandedDay:
    """What one landing file holds of one event day."""

    path: str
    event_day: date
    rows: int
    digest: str


@dataclass(frozen=True)
class LandedShare:
    """Rows of one event day in the object of one landed file."""

    path: str
    landing_day: date
    object_name: str
    event_day: date
    rows: int


def files(connection: Connection, days: Collection[date] | None = None) -> list[LandedFile]:
    """The landing files of these landing days (all without days), in landing order."""
    query = select(landing_files).order_by(landing_files.c.landing_day, landing_files.c.path.collate("C"))
    if days is not None:
        query = query.where(landing_files.c.landing_day.in_(days))
    return [
        LandedFile(**{**row, "state": FileState(row["state"])}) for row in connection.execute(query).mappings()
    ]


def file_stamps(connection: Connection) -> dict[str, tuple[int, int]]:
    """Size and modification time (ns) of every known landing file as it landed, by path.

    There may be 100,000, and this is asked every half minute: no rows of `LandedFile`.
    """
    columns = landing_files.c
    query = select(columns.path, columns.size, columns.mtime_ns)
    return {path: (size, mtime_ns) for path, size, mtime_ns in connection.execute(query)}


def record_files(connection: Connection, files: Collection[LandedFile]) -> None:
    """Put these rows in the place of what was known of the files' paths."""
    if not files:
        return
    statement = insert(landing_files)
    rest = {column.name: column for column in statement.excluded if not column.primary_key}
    keys = list(landing_files.primary_key)
    connection.execute(
        statement.on_conflict_do_update(index_elements=keys, set_=rest), [vars(file) for file in files]
    )


def record_event_days(connection: Connection, paths: Collection[str], event_days: Collection[LandedDay]) -> None:
    """Put these event days in the place of those that the files held."""
    connection.execute(landing_event_days.delete().where(landing_event_days.c.path.in_(paths)))
    if event_days:
        connection.execute(landing_event_days.insert(), [vars(day) for day in event_days])


def landed_shares(connection: Connection, days: Collection[date]) -> list[LandedShare]:
    """What landed files hold of these event days, in landing order."""
    files, shares = landing_files.c, landing_event_days.c
    query = (
        select(files.path, files.landing_day, files.object_name, shares.event_day, shares.rows)
        .join_from(landing_event_days, landing_files, shares.path == files.path)
        .where(shares.event_day.in_(days), files.state == FileState.LANDED)
        .order_by(files.landing_day, files.path.collate("C"))
    )
    return [LandedShare(*row) for row in connection.execute(query)]


def landed_digests(connection: Connection, days: Collection[date]) -> list[tuple[date, date, str, str]]:
    """Event day, landing day, path and digest of what landed files hold of these event days, in landing order."""
    files, shares = landing_files.c, landing_event_days.c
    query = (
        select(shares.event_day, files.landing_day, files.path, shares.digest)
        .join_from(landing_event_days, landing_files, shares.path == files.path)
        .where(shares.event_day.in_(days), files.state == FileState.LANDED)
        .order_by(files.landing_day, files.path.collate("C"))
    )
    return [(event_day, landed, path, digest) for event_day, landed, path, digest in connection.execute(query)]


def rows_by_event_day(connection: Connection, days: Collection[date]) -> dict[date, int]:
    """How many rows landed files hold of each of these event days, where they hold any."""
    shares = landing_event_days.c
    query = (
        select(shares.event_day, func.sum(shares.rows))
        .join_from(landing_event_days, landing_files, shares.path == landing_files.c.path)
        .where(shares.event_day.in_(days), landing_files.c.state == FileState.LANDED)
        .group_by(shares.event_day)
    )
    return {day: int(rows) for day, rows in connection.execute(query)}


def shares_by_landing_day(connection: Connection, days: Collection[date]) -> dict[date, list[LandedDay]]:
    """What the landed files of these landing days hold, by landing day."""
    query = (
        select(landing_files.c.landing_day, landing_event_days)
        .join(landing_event_days, landing_event_days.c.path == landing_files.c.path)
        .where(landing_files.c.landing_day.in_(days), landing_files.c.state == FileState.LANDED)
    )
    found: dict[date, list[LandedDay]] = {}
    for row in connection.execute(query).mappings():
        share = dict(row)
        found.setdefault(share.pop("landing_day"), []).append(LandedDay(**share))
    return found


def event_days_of(connection: Connection, paths: Collection[str]) -> list[LandedDay]:
    """What these files hold, by event day."""
    query = select(landing_event_days).where(landing_event_days.c.path.in_(paths))
    return [LandedDay(**row) for row in connection.execute(query).mappings()]


def event_days(connection: Connection) -> set[date]:
    """Every event day that a landed file holds rows of."""
    query = (
        select(landing_event_days.c.event_day)
        .join(landing_files, landing_event_days.c.path == landing_files.c.path)
        .where(landing_files.c.state == FileState.LANDED)
        .distinct()
    )
    return set(connection.execute(query).scalars())
