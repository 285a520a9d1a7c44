"""Landing files as the state knows them: the state of each, and its rows on each event day.

Deciding about a file does not belong here, but in `events/landing`.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import Connection, Engine, and_, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from usage_pipeline.storage.schema import landing_event_days, landing_files, line_tallies, one_of


class FileState(StrEnum):
    """The state of a landing file."""

    LANDED = "landed"
    QUARANTINED = "quarantined"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"

    @property
    def needs_attention(self) -> bool:
        """True if nothing of the file counts, but nobody has decided so."""
        return self in {FileState.QUARANTINED, FileState.FAILED}


LINE_OUTCOMES = ("header", "continuation", "blank", "skipped", "superseded", "accepted", "rejected")
"""What becomes of a line, or of each event of a line of several."""

LANDING_ORDER = (landing_files.c.landing_day, landing_files.c.path.collate("C"))
"""The columns in the order in which files land."""


@dataclass(frozen=True)
class LandedFile:
    """One row of `landing_files`. The sum of `LINE_OUTCOMES` is `lines` and `further_events`."""

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
    skipped: int
    superseded: int
    accepted: int
    rejected: int
    landed_at: datetime
    run: str
    vanished_at: datetime | None = None
    further_events: int = 0
    totals_compared: int = 0
    totals_apart: int = 0
    tokens_apart: int = 0
    unique_within_days: int = 0
    rejects_pruned: int = 0
    accepted_pruned: int = 0
    pruned_at: datetime | None = None
    erased_at: datetime | None = None
    uncompared: int = 0
    digest_before_erasure: str | None = None

    @property
    def counts(self) -> bool:
        """Whether its accepted lines are usage."""
        return self.state is FileState.LANDED

    @property
    def needs_attention(self) -> bool:
        """True if nothing of it counts, nobody has decided so, and it is still in the landing folder."""
        return self.state.needs_attention and self.vanished_at is None and self.pruned_at is None

    @property
    def is_reduced(self) -> bool:
        """True if records of it are pruned, or something of it was erased: it cannot be validated again."""
        return self.accepted_pruned > 0 or self.erased_at is not None

    @property
    def contents(self) -> set[str]:
        """Digests of what it may hold and be no changed file: as it came, before and after the last erasure."""
        digests = (self.identity_digest, self.digest_before_erasure, self.content_digest)
        return {digest for digest in digests if digest is not None}

    @property
    def accepted_left(self) -> int:
        """The accepted lines whose records are not pruned."""
        return self.accepted - self.accepted_pruned

    @property
    def rejects_left(self) -> int:
        """The rejected lines that the lake has."""
        return self.rejected - self.rejects_pruned

    @property
    def reject_share(self) -> Decimal:
        """The share of its lines that were rejected, of those that could be events."""
        judged = self.superseded + self.accepted + self.rejected
        return Decimal(self.rejected) / judged if judged else Decimal(0)

    @property
    def has_nothing_accepted(self) -> bool:
        """True if it landed with rejected lines only."""
        return self.counts and not self.accepted and bool(self.rejected)


def files(connection: Connection, days: Collection[date] | None = None) -> list[LandedFile]:
    """The landing files of these landing days (all without days), in landing order."""
    query = select(landing_files).order_by(*LANDING_ORDER)
    if days is not None:
        query = query.where(landing_files.c.landing_day.in_(days))
    return [
        LandedFile(**{**row, "state": FileState(row["state"])}) for row in connection.execute(query).mappings()
    ]


def has_landed(warehouse: Engine) -> bool:
    """Return True if any landing file is known."""
    with warehouse.connect() as connection:
        return connection.execute(select(landing_files.c.path).limit(1)).first() is not None


def file_stamps(connection: Connection) -> dict[str, tuple[int, int]]:
    """Size and modification time (ns) of every known landing file as it landed, by path.

    There may be 100,000, and this is asked every half minute: no rows of `LandedFile`.
    """
    columns = landing_files.c
    query = select(columns.path, columns.size, columns.mtime_ns)
    return {path: (size, mtime_ns) for path, size, mtime_ns in connection.execute(query)}


def files_of_several_events(connection: Connection) -> set[str]:
    """Return the paths of files in which a line holds several events."""
    files = landing_files.c
    return set(connection.execute(select(files.path).where(files.further_events > 0)).scalars())


def place(path: str, line: int, event: int, several: Collection[str]) -> str:
    """Return where a line is, as FILE:LINE; as FILE:LINE:EVENT in one of the files of several events."""
    return f"{path}:{line}:{event}" if path in several else f"{path}:{line}"


def unusable_days(connection: Connection) -> set[date]:
    """Return the landing days whose files are all failed, quarantined, or without an accepted line."""
    files = landing_files.c
    unusable = or_(
        files.state.in_([state for state in FileState if state.needs_attention]),
        and_(files.state == FileState.LANDED, files.accepted == 0, files.rejected > 0),
    )
    query = select(files.landing_day).group_by(files.landing_day).having(func.bool_and(unusable))
    return set(connection.execute(query).scalars())


def mark_erased(connection: Connection, path: str, now: datetime) -> None:
    """Note that something of a file was erased."""
    connection.execute(landing_files.update().where(landing_files.c.path == path).values(erased_at=now))


def mark_vanished(connection: Connection, paths: Collection[str], now: datetime) -> list[str]:
    """Note that the files with these paths are gone, and that all others are there.

    Returns the paths of those that were not known to be gone, in order. Nothing else of a row changes, because
    somebody may decide about the file meanwhile.
    """
    files, gone = landing_files.c, one_of(landing_files.c.path, paths)
    back = landing_files.update().where(files.vanished_at.is_not(None), ~gone)
    connection.execute(back.values(vanished_at=None))
    newly = landing_files.update().where(files.vanished_at.is_(None), files.pruned_at.is_(None), gone)
    return sorted(connection.execute(newly.values(vanished_at=now).returning(files.path)).scalars())


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


def forget(connection: Connection, paths: Collection[str]) -> None:
    """Remove all that is known of files, as if they had never landed."""
    for table in (line_tallies, landing_event_days, landing_files):
        connection.execute(table.delete().where(one_of(table.c.path, paths)))


def reaches(connection: Connection) -> dict[str, int]:
    """The sources of which a landed file says `unique_within_days`, and the greatest number of days."""
    files = landing_files.c
    query = select(files.source, func.max(files.unique_within_days)).group_by(files.source)
    query = query.where(files.state == FileState.LANDED, files.unique_within_days > 0)
    return {source: int(within) for source, within in connection.execute(query)}
