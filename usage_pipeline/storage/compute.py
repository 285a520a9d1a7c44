"""Computes and commits partitions of event-day tables, and finds those that are stale.

A partition whose recorded inputs digest differs from the present one is stale; so is one whose object is gone.
Recomputing until none is left makes the result independent of the order in which days arrived, of how they were
cut into batches, and of where a process died.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import Connection

from usage_pipeline.errors import FailedDaysError, PartitionError, UndecidedDaysError
from usage_pipeline.storage import inputs, state, versions
from usage_pipeline.storage.daily import DailyTable
from usage_pipeline.storage.digests import fingerprint
from usage_pipeline.storage.engine import damage_named, session, undisturbed
from usage_pipeline.storage.locks import partition_locks
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.state import Partition, Written
from usage_pipeline.storage.tables import Zone
from usage_pipeline.storage.writing import write_partitions


@dataclass
class Computed:
    """The days of a table that are committed, and those that failed by their own fault."""

    partitions: dict[date, Partition] = field(default_factory=dict)
    failures: dict[date, PartitionError] = field(default_factory=dict)

    def joined(self, other: "Computed") -> "Computed":
        """What became of the days of both."""
        return Computed(self.partitions | other.partitions, self.failures | other.failures)

    def raise_failures(self) -> None:
        """Raise a FailedDaysError with all days that failed, if any did."""
        if self.failures:
            raise FailedDaysError(self.failures)


def compute_days(storage: Storage, table: DailyTable, days: Collection[date], run: str) -> Computed:
    """Compute these days of one table together and commit them; days that are computed twice change nothing.

    A day whose input is not whole or not decided undoes no other; it keeps its rows. Raises LockTimeoutError when
    another writer keeps one of the days; then all keep theirs.
    """
    try:
        return Computed(_commit(storage, table, days, run))
    except UndecidedDaysError as error:
        others = sorted(set(days).difference(error.days))
        computed = compute_days(storage, table, others, run) if others else Computed()
        return computed.joined(Computed(failures=dict.fromkeys(error.days, error)))
    except PartitionError as error:
        if len(days) > 1:
            return _by_halves(storage, table, sorted(days), run)
        return Computed(failures=dict.fromkeys(days, error))


def _by_halves(storage: Storage, table: DailyTable, days: list[date], run: str) -> Computed:
    middle = len(days) // 2
    first, second = (compute_days(storage, table, half, run) for half in (days[:middle], days[middle:]))
    return first.joined(second)


def _commit(storage: Storage, table: DailyTable, days: Collection[date], run: str) -> dict[date, Partition]:
    timeout = storage.settings.lock_timeout_seconds
    with partition_locks(storage.warehouse, table.name, days, timeout) as connection:
        try:
            return _commit_locked(storage, connection, table, days, run)
        except PartitionError as error:
            connection.rollback()
            # Before the locks are given back: the next writer may have committed the days a moment later.
            state.mark_failed(connection, table.name, _failed(days, error), run)
            connection.commit()
            raise


def _failed(days: Collection[date], error: PartitionError) -> Collection[date]:
    """The days that an error is about; any other error of several days may be about each."""
    if isinstance(error, UndecidedDaysError):
        return error.days
    return days if len(days) == 1 else ()


def _commit_locked(
    storage: Storage, connection: Connection, table: DailyTable, days: Collection[date], run: str
) -> dict[date, Partition]:
    for entry in table.inputs:
        inputs.settle(entry, storage, connection, days)
    # Taken before the inputs are read: an input that is replaced meanwhile leaves its partition stale.
    states = inputs.known_states(storage, connection, table.inputs, days, [table.name])
    read = _inputs_digests(storage, connection, states, [table], days)[table.name]
    published = versions.published(connection, table, states[table.name], days)
    state.mark_writing(connection, table.name, days, run)
    connection.commit()
    with damage_named():
        written = undisturbed(_write)(storage, connection, table, days, states)
    state.record_tallies(connection, written)
    versions.begin_changes(connection, table)
    now = storage.settings.clock.now
    partitions = state.mark_committed(
        connection,
        table.name,
        states[table.name],
        {day: (written[day], state.Provenance(read[day], table.code_version, run, now)) for day in days},
    )
    lookback_days = storage.settings.lookback_days if table.looks_back else 0
    versions.record_changes(storage, connection, published, partitions, lookback_days)
    connection.commit()
    return partitions


def _write(
    storage: Storage, connection: Connection, table: DailyTable, days: Collection[date], states: inputs.States
) -> dict[date, Written]:
    with session(storage.engine) as duck:
        return write_partitions(inputs.Workspace(storage, connection, duck, states), table, days)


def inputs_digests(
    storage: Storage, connection: Connection, tables: Collection[DailyTable], days: Collection[date]
) -> dict[str, dict[date, str]]:
    """By table and day, one digest over all inputs of the table."""
    return _inputs_digests(storage, connection, _states(storage, connection, tables, days), tables, days)


def stale_days(
    storage: Storage, connection: Connection, tables: Collection[DailyTable], days: Collection[date]
) -> dict[str, set[date]]:
    """By table, those of the days whose partition is missing, half-written, or computed from other inputs."""
    states = _states(storage, connection, tables, days)
    current = _inputs_digests(storage, connection, states, tables, days)
    return {
        table.name: {day for day in days if not _is_current(states[table.name].get(day), current[table.name][day])}
        | _without_object(storage, table, days)
        for table in tables
    }


def _is_current(partition: Partition | None, inputs_digest: str) -> bool:
    return partition is not None and partition.committed and partition.inputs_digest == inputs_digest


def _without_object(storage: Storage, table: DailyTable, days: Collection[date]) -> set[date]:
    return set() if table.spec.zone == Zone.WAREHOUSE else set(days) - storage.lake.days(table.spec).keys()


def _states(
    storage: Storage, connection: Connection, tables: Collection[DailyTable], days: Collection[date]
) -> inputs.States:
    """The known partitions of the tables and of their inputs, on the days and in their look-backs."""
    entries = [entry for table in tables for entry in table.inputs]
    return inputs.known_states(storage, connection, entries, days, [table.name for table in tables])


def _inputs_digests(
    storage: Storage,
    connection: Connection,
    states: inputs.States,
    tables: Collection[DailyTable],
    days: Collection[date],
) -> dict[str, dict[date, str]]:
    entries = {entry for table in tables for entry in table.inputs}
    per_entry = {entry: inputs.digests(entry, storage, connection, states, days) for entry in entries}
    # Looked up once for all days: the hash of an input is that of everything that it declares.
    per_table = {table.name: [per_entry[entry] for entry in table.inputs] for table in tables}
    return {
        name: {day: fingerprint(digests[day] for digests in read if day in digests) for day in days}
        for name, read in per_table.items()
    }
