"""Partitions as the state knows them: which are committed, and from which inputs each was computed.

Deciding what is computed does not belong here, but in `compute.py`.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, text
from sqlalchemy.dialects.postgresql import insert

from usage_pipeline.storage.daily import ACCOUNTED
from usage_pipeline.storage.digests import Digest, engine_version
from usage_pipeline.storage.schema import line_tallies, partition_state

_NEVER_COMMITTED = text(f"""
    SELECT table_name, ARRAY(SELECT unnest(CAST(:days AS date[])) EXCEPT SELECT unnest(committed)) AS lacking
    FROM (
        SELECT table_name, array_agg(day) FILTER (WHERE version > 0) AS committed
        FROM {partition_state.fullname} GROUP BY table_name
    ) AS tables
""")  # half the time of a join


class WriteState(StrEnum):
    """The state of a partition. One that was being written when its process died is computed again.

    One that failed did so when it was computed alone: its data are at fault.
    """

    WRITING = "writing"
    FAILED = "failed"
    COMMITTED = "committed"


@dataclass(frozen=True, kw_only=True)
class Partition:
    """One row of `partition_state`."""

    table_name: str
    day: date
    state: WriteState
    inputs_digest: str | None = None
    output_digest: str | None = None
    engine_version: str | None = None
    code_version: str | None = None
    version: int
    rows: int | None = None
    duplicates: int | None = None
    conflicts: int | None = None
    late_records: int | None = None
    voided: int | None = None
    voids: int | None = None
    unmatched_voids: int | None = None
    run: str
    committed_at: datetime | None = None
    changed_at: datetime | None = None

    def first_changed_after(self, moment: datetime) -> bool:
        """True if it had no version yet at a time."""
        return self.version == 0 or (
            self.version == 1 and self.changed_at is not None and self.changed_at > moment
        )

    @property
    def committed(self) -> bool:
        """True if the last writer finished. If not, the rows of the last version, if there is one, are kept."""
        return self.state == WriteState.COMMITTED


@dataclass(frozen=True)
class Provenance:
    """The inputs, code, run and time of a computation."""

    inputs_digest: str
    code_version: str
    run: str
    now: datetime


@dataclass(frozen=True)
class LineTally:
    """The accepted lines of one landing file on one event day, by what they became."""

    day: date
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
        """True if every line became exactly one of them."""
        return self.landed == self.records + self.duplicates + self.conflicts + self.voided + self.voids


@dataclass(frozen=True)
class Written:
    """The digest of the rows that a computation wrote and, if it accounts for landed lines, the tallies."""

    digest: Digest
    tallies: tuple[LineTally, ...] | None = None

    def total(self, name: str) -> int | None:
        """The sum of one field of the tallies, if there are any."""
        return None if self.tallies is None else sum(getattr(tally, name) for tally in self.tallies)


def partitions(
    connection: Connection, table: str, first: date | None = None, last: date | None = None
) -> dict[date, Partition]:
    """The partitions of one table, by day; `first` and `last` inclusive."""
    return partitions_of(connection, [table], first, last)[table]


def partitions_of(
    connection: Connection, tables: Collection[str], first: date | None = None, last: date | None = None
) -> dict[str, dict[date, Partition]]:
    """The partitions of each of these tables, by day; `first` and `last` inclusive."""
    query = select(partition_state).where(partition_state.c.table_name.in_(tables))
    if first is not None:
        query = query.where(partition_state.c.day >= first)
    if last is not None:
        query = query.where(partition_state.c.day <= last)
    found: dict[str, dict[date, Partition]] = {table: {} for table in tables}
    for row in connection.execute(query).mappings():
        found[row["table_name"]][row["day"]] = Partition(**{**row, "state": WriteState(row["state"])})
    return found


def days_with_rows(connection: Connection, table: str, first: date, last: date) -> list[date]:
    """The days of a table whose last version has rows, in order; `first` and `last` inclusive."""
    columns = partition_state.c
    of_table = (columns.table_name == table) & columns.day.between(first, last) & (columns.rows > 0)
    return list(connection.execute(select(columns.day).where(of_table).order_by(columns.day)).scalars())


def changes_of_days_with_rows(connection: Connection, table: str) -> dict[date, datetime]:
    """When each day of a table whose last version has rows changed last."""
    columns = partition_state.c
    query = select(columns.day, columns.changed_at).where(columns.table_name == table, columns.rows > 0)
    return {row.day: row.changed_at for row in connection.execute(query)}


def days_being_written(connection: Connection, table: str) -> frozenset[date]:
    """The days of a table that are being written, or were when the process that wrote them died."""
    columns = partition_state.c
    being_written = (columns.table_name == table) & (columns.state == WriteState.WRITING)
    return frozenset(connection.execute(select(columns.day).where(being_written)).scalars())


def all_days_with_rows(connection: Connection) -> Mapping[str, frozenset[date]]:
    """The days of all tables whose last version has rows, by table."""
    columns = partition_state.c
    found: defaultdict[str, set[date]] = defaultdict(set)
    for table, day in connection.execute(select(columns.table_name, columns.day).where(columns.rows > 0)):
        found[table].add(day)
    return {table: frozenset(days) for table, days in found.items()}


def never_committed(connection: Connection, days: Collection[date]) -> Mapping[str, frozenset[date]]:
    """Those of the days that have no version yet, by table: of each table that has any day."""
    asked = f"{{{','.join(map(str, sorted(days)))}}}"
    return {table: frozenset(lacking) for table, lacking in connection.execute(_NEVER_COMMITTED, {"days": asked})}


def first_day(connection: Connection, tables: Collection[str]) -> date | None:
    """The earliest day that one of these tables has, if there is any."""
    columns = partition_state.c
    return connection.execute(select(func.min(columns.day)).where(columns.table_name.in_(tables))).scalar()


def count_versions(connection: Connection) -> tuple[int, int]:
    """Return how many partitions there are, and how many versions: both grow with every change of one."""
    counted = select(func.count(), func.coalesce(func.sum(partition_state.c.version), 0))
    partitions, versions = connection.execute(counted).one()
    return int(partitions), int(versions)


def days_in_state(
    connection: Connection, tables: Collection[str], write_state: WriteState
) -> dict[str, set[date]]:
    """For each of these tables with partitions in that state, their days."""
    columns = partition_state.c
    query = select(columns.table_name, columns.day)
    query = query.where(columns.table_name.in_(tables), columns.state == write_state)
    found: dict[str, set[date]] = {}
    for table, day in connection.execute(query):
        found.setdefault(table, set()).add(day)
    return found


def outdated_days(connection: Connection, table: str, code_version: str) -> set[date]:
    """The days of a table that another code version made."""
    columns = partition_state.c
    query = select(columns.day).where(columns.table_name == table, columns.code_version != code_version)
    return set(connection.execute(query).scalars())


def mark_writing(connection: Connection, table: str, days: Collection[date], run: str) -> None:
    """Mark the partitions as being written. Until they are committed they count as stale."""
    _mark(connection, table, days, run, WriteState.WRITING)


def mark_failed(connection: Connection, table: str, days: Collection[date], run: str) -> None:
    """Mark the partitions as ones that cannot be computed, so that each is tried alone."""
    _mark(connection, table, days, run, WriteState.FAILED)


def _mark(connection: Connection, table: str, days: Collection[date], run: str, write_state: WriteState) -> None:
    if not days:
        return
    new = {"table_name": table, "state": write_state, "version": 0, "run": run}
    statement = insert(partition_state)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=list(partition_state.primary_key), set_={"state": write_state, "run": run}
        ),
        [{**new, "day": day} for day in sorted(days)],
    )


def mark_committed(
    connection: Connection,
    table: str,
    before: Mapping[date, Partition],
    outcomes: Mapping[date, tuple[Written, Provenance]],
) -> dict[date, Partition]:
    """Commit partitions that are marked as writing; a changed output digest is a new version.

    `before` are those of the table that were known when they were marked, under the same locks.
    """
    committed = {
        day: _committed(before.get(day) or _unknown(table, day), *outcome) for day, outcome in outcomes.items()
    }
    columns = partition_state.c
    keys = (columns.table_name == table) & (columns.day == bindparam("of_day"))
    names = [column.name for column in columns if not column.primary_key]
    statement = partition_state.update().where(keys).values({name: bindparam(name) for name in names})
    connection.execute(
        statement, [{**vars(partition), "of_day": day} for day, partition in sorted(committed.items())]
    )
    return committed


def _unknown(table: str, day: date) -> Partition:
    return Partition(table_name=table, day=day, state=WriteState.WRITING, version=0, run="")


def _committed(before: Partition, written: Written, provenance: Provenance) -> Partition:
    changed = before.output_digest != str(written.digest)
    totals: dict[str, Any] = {name: written.total(name) for name in ACCOUNTED}
    return replace(
        before,
        state=WriteState.COMMITTED,
        inputs_digest=provenance.inputs_digest,
        output_digest=str(written.digest),
        engine_version=engine_version(),
        code_version=provenance.code_version,
        run=provenance.run,
        version=before.version + changed,
        rows=written.digest.rows,
        **totals,
        committed_at=provenance.now,
        changed_at=provenance.now if changed else before.changed_at,
    )


def record_tallies(connection: Connection, written: Mapping[date, Written]) -> None:
    """Replace the tallies of the event days, if these days have any."""
    tallies = {day: rows.tallies for day, rows in written.items() if rows.tallies is not None}
    if not tallies:
        return
    connection.execute(line_tallies.delete().where(line_tallies.c.day.in_(tallies)))
    names = [column.name for column in line_tallies.c]
    rows = [{name: getattr(tally, name) for name in names} for found in tallies.values() for tally in found]
    if rows:
        connection.execute(line_tallies.insert(), rows)
