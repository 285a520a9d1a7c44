"""The truth about what happened: which files landed, which days they hold, which partitions are committed.

Neither the file system nor Dagster's event log is asked for this. What does not belong here: deciding
what to do about it (`daily.py`, `events/landing`).
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Table, select
from sqlalchemy.dialects.postgresql import insert

from usage_pipeline.storage.daily import ACCOUNTED
from usage_pipeline.storage.digests import ENGINE_VERSION, Digest
from usage_pipeline.storage.schema import landing_event_days, landing_files, line_accounts, partition_state


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


class WriteState(StrEnum):
    """Whether a partition is whole. One that was being written when its process died is computed again."""

    WRITING = "writing"
    COMMITTED = "committed"


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
    mapping_digest: str
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
    def has_nothing_accepted(self) -> bool:
        """Whether it landed, and yet brought nothing but rejected lines."""
        return self.state is FileState.LANDED and not self.accepted and bool(self.rejected)


@dataclass(frozen=True)
class LandedDay:
    """What one landing file holds of one event day."""

    path: str
    event_day: date
    rows: int
    digest: str


@dataclass(frozen=True)
class Partition:
    """One row of `partition_state`."""

    table_name: str
    day: date
    state: WriteState
    inputs_digest: str | None
    output_digest: str | None
    engine_version: str | None
    code_version: str | None
    version: int
    rows: int | None
    duplicates: int | None
    conflicts: int | None
    late_records: int | None
    voided: int | None
    voids: int | None
    unmatched_voids: int | None
    run: str
    committed_at: datetime | None
    changed_at: datetime | None

    @property
    def committed(self) -> bool:
        """Whether the last writer finished. If not, what was committed before (version 1 on) still stands."""
        return self.state == WriteState.COMMITTED


@dataclass(frozen=True)
class PartitionKey:
    """Which partition: table and day."""

    table: str
    day: date


@dataclass(frozen=True)
class Provenance:
    """What a partition was computed from, by which code, and when."""

    inputs_digest: str
    code_version: str
    now: datetime


@dataclass(frozen=True)
class LineAccount:
    """What became of the accepted lines of one landing file on one event day."""

    path: str
    landed: int
    records: int
    duplicates: int
    conflicts: int
    voided: int
    voids: int
    unmatched_voids: int
    late_records: int

    @property
    def balanced(self) -> bool:
        """Whether every line became exactly one of them."""
        return self.landed == self.records + self.duplicates + self.conflicts + self.voided + self.voids


@dataclass(frozen=True)
class Written:
    """What a computation wrote: the digest of its rows and, where it accounts for landed lines, the accounts."""

    digest: Digest
    accounts: tuple[LineAccount, ...] | None = None

    def total(self, name: str) -> int | None:
        """The sum of one field of the accounts, if there are any."""
        return None if self.accounts is None else sum(getattr(account, name) for account in self.accounts)


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


def record_file(connection: Connection, file: LandedFile) -> None:
    """Put this row in the place of what was known of the file's path."""
    _upsert(connection, landing_files, vars(file))


def record_event_days(connection: Connection, path: str, event_days: Iterable[LandedDay]) -> None:
    """Put these event days in the place of those that the file held."""
    connection.execute(landing_event_days.delete().where(landing_event_days.c.path == path))
    rows = [vars(day) for day in event_days]
    if rows:
        connection.execute(landing_event_days.insert(), rows)


def landed_days(connection: Connection, days: Collection[date]) -> list[tuple[LandedFile, LandedDay]]:
    """The landed files that hold rows of these event days, in landing order, each with its share."""
    query = (
        select(
            landing_files,
            landing_event_days.c.event_day,
            landing_event_days.c.rows,
            landing_event_days.c.digest,
        )
        .join(landing_event_days, landing_event_days.c.path == landing_files.c.path)
        .where(landing_event_days.c.event_day.in_(days), landing_files.c.state == FileState.LANDED)
        .order_by(landing_files.c.landing_day, landing_files.c.path.collate("C"))
    )
    found = []
    for row in connection.execute(query).mappings():
        values = dict(row)
        day = LandedDay(
            path=values["path"],
            event_day=values.pop("event_day"),
            rows=values.pop("rows"),
            digest=values.pop("digest"),
        )
        found.append((LandedFile(**{**values, "state": FileState(values["state"])}), day))
    return found


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


def partitions(
    connection: Connection, table: str, first: date | None = None, last: date | None = None
) -> dict[date, Partition]:
    """The partitions of one table, by day; `first` and `last` inclusive."""
    query = select(partition_state).where(partition_state.c.table_name == table)
    if first is not None:
        query = query.where(partition_state.c.day >= first)
    if last is not None:
        query = query.where(partition_state.c.day <= last)
    return {
        row["day"]: Partition(**{**row, "state": WriteState(row["state"])})
        for row in connection.execute(query).mappings()
    }


def unfinished_days(connection: Connection, tables: Collection[str]) -> set[date]:
    """The days of which a partition of these tables was begun and not committed."""
    columns = partition_state.c
    query = select(columns.day).where(columns.table_name.in_(tables), columns.state != WriteState.COMMITTED)
    return set(connection.execute(query.distinct()).scalars())


def outdated_days(connection: Connection, table: str, code_version: str) -> set[date]:
    """The days of a table that another code version made."""
    columns = partition_state.c
    query = select(columns.day).where(columns.table_name == table, columns.code_version != code_version)
    return set(connection.execute(query).scalars())


def mark_writing(connection: Connection, table: str, day: date, run: str) -> None:
    """Say that the partition is being written. Until it is committed it counts as stale."""
    new = {"table_name": table, "day": day, "state": WriteState.WRITING, "version": 0, "run": run}
    statement = insert(partition_state).values(new)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=list(partition_state.primary_key), set_={"state": WriteState.WRITING, "run": run}
        )
    )


def mark_committed(
    connection: Connection, key: PartitionKey, written: Written, provenance: Provenance
) -> Partition:
    """Commit a partition that is marked as writing; a changed output digest is a new version."""
    before = partitions(connection, key.table, key.day, key.day)[key.day]
    changed = before.output_digest != str(written.digest)
    values = {
        "state": WriteState.COMMITTED,
        "inputs_digest": provenance.inputs_digest,
        "output_digest": str(written.digest),
        "engine_version": ENGINE_VERSION,
        "code_version": provenance.code_version,
        "version": before.version + changed,
        "rows": written.digest.rows,
        **{name: written.total(name) for name in ACCOUNTED},
        "committed_at": provenance.now,
        "changed_at": provenance.now if changed else before.changed_at,
    }
    row = (partition_state.c.table_name == key.table) & (partition_state.c.day == key.day)
    connection.execute(partition_state.update().where(row).values(values))
    return Partition(**{**vars(before), **values})


def record_accounts(connection: Connection, day: date, accounts: Iterable[LineAccount]) -> None:
    """Put these accounts in the place of those of the event day."""
    connection.execute(line_accounts.delete().where(line_accounts.c.day == day))
    names = [column.name for column in line_accounts.c if column.name != "day"]
    rows = [{"day": day, **{name: getattr(account, name) for name in names}} for account in accounts]
    if rows:
        connection.execute(line_accounts.insert(), rows)


def _upsert(connection: Connection, table: Table, values: Mapping[str, Any]) -> None:
    keys = list(table.primary_key)
    rest = {name: value for name, value in values.items() if name not in {key.name for key in keys}}
    connection.execute(insert(table).values(values).on_conflict_do_update(index_elements=keys, set_=rest))
