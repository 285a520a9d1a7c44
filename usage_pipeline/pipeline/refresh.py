"""What needs work, and the loop that works until nothing does.

The loop is the same with and without Dagster: it asks a `Runner` to land days and to compute partitions,
and asks the state again what is left.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from sqlalchemy import Connection

from usage_pipeline.billing.closing import ClosedPeriod
from usage_pipeline.billing.due_periods import close_due
from usage_pipeline.errors import PartitionError
from usage_pipeline.events.landing.recording import note_vanished
from usage_pipeline.pipeline.chunks import portions
from usage_pipeline.pipeline.landing_work import find_landing_work
from usage_pipeline.pipeline.tables import DAILY_TABLES
from usage_pipeline.storage import landed_files, state
from usage_pipeline.storage.batches import batches
from usage_pipeline.storage.compute import compute_days, stale_days
from usage_pipeline.storage.locks import partition_locks
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.state import WriteState

MAX_PASSES = 20
NO_FAILURES: Mapping[date, PartitionError] = {}

Unit = tuple[frozenset[str], list[date]]
"""The tables to make in one run, and its days."""


class Runner(Protocol):
    """Does the work that the loop finds."""

    def expect(self, what: str, partitions: int) -> None:
        """Be told how many partitions are coming, to show progress."""

    def land(self, days: Sequence[date]) -> None:
        """Land these landing days."""

    def compute(self, tables: Collection[str], days: Sequence[date]) -> None:
        """Compute these tables, in the order of the flow, for these event days."""


@dataclass(frozen=True)
class PlainRunner:
    """Does the work in this process, without Dagster."""

    storage: Storage
    run: str = "plain"

    def expect(self, what: str, partitions: int) -> None:
        """Show nothing."""

    def land(self, days: Sequence[date]) -> None:
        """Land the days, small ones together."""
        from usage_pipeline.events.landing.land import land_days  # noqa: PLC0415 - slow to import, idle runs need none

        land_days(self.storage, days, self.run)

    def compute(self, tables: Collection[str], days: Sequence[date]) -> None:
        """Compute table by table, each batch of days after the other."""
        together = list(batches(self.storage, days))
        for table in DAILY_TABLES:
            if table.name in tables:
                for batch in together:
                    compute_days(self.storage, table, batch, self.run).raise_failures()


@dataclass
class RefreshSummary:
    """What a refresh did."""

    landed: list[date] = field(default_factory=list)
    computed: dict[date, set[str]] = field(default_factory=dict)
    closings: list[ClosedPeriod] = field(default_factory=list)


def find_stale(storage: Storage) -> dict[date, frozenset[str]]:
    """Per event day, the tables to compute: stale or missing, or reading one that is."""
    with storage.warehouse.connect() as connection:
        days = event_days(storage, connection)
        stale = stale_days(storage, connection, DAILY_TABLES, days)
    return {day: with_downstream(names) for day in sorted(days) if (names := _stale_on(day, stale))}


def event_days(storage: Storage, connection: Connection) -> set[date]:
    """The days of the calendar that hold landed rows, or did when they were last computed."""
    days = landed_files.event_days(connection) | state.partitions(connection, DAILY_TABLES[0].name).keys()
    return {day for day in days if day >= storage.settings.first_day}


def _stale_on(day: date, stale: Mapping[str, set[date]]) -> set[str]:
    return {name for name, days in stale.items() if day in days}


def with_downstream(names: Collection[str]) -> frozenset[str]:
    """These tables and all that read them, directly or not."""
    reached = set(names)
    for table in DAILY_TABLES:  # in the order of the flow, so one pass reaches all
        if reached.intersection(table.upstream):
            reached.add(table.name)
    return frozenset(reached)


def refresh(storage: Storage, runner: Runner) -> RefreshSummary:
    """Land what is new, compute what is stale or missing until nothing is, and close the periods that are due.

    Raises PartitionError when days stay stale although they were computed.
    """
    summary = RefreshSummary()
    work = find_landing_work(storage)
    note_vanished(storage, work.vanished)
    land_days(runner, work.days, summary)
    settle(storage, runner, summary)
    summary.closings += close_due(storage)
    return summary


def land_days(runner: Runner, days: Collection[date], summary: RefreshSummary) -> None:
    """Land these days, whether or not anything is new there."""
    if days:
        runner.expect("landing", len(days))
    for portion in portions(days):
        runner.land(portion)
        summary.landed += portion


def recompute_days(storage: Storage, runner: Runner, days: Collection[date], summary: RefreshSummary) -> None:
    """Compute all tables of these days, stale or not, and then what became stale by it."""
    every_table = frozenset(table.name for table in DAILY_TABLES)
    failed = _compute(runner, work_units(dict.fromkeys(days, every_table)), summary)
    settle(storage, runner, summary, failed)


def settle(
    storage: Storage, runner: Runner, summary: RefreshSummary, failed: Mapping[date, PartitionError] = NO_FAILURES
) -> None:
    """Compute stale and missing partitions until none is left but those of days that fail.

    Raises PartitionError when days have failed, or stay stale although they were computed.
    """
    given_up = dict(failed)
    for _ in range(MAX_PASSES):
        stale = {day: tables for day, tables in _find_unwritten(storage).items() if day not in given_up}
        if not stale:
            break
        given_up |= _compute(runner, work_units(stale, unfinished_days(storage)), summary)
    else:
        raise PartitionError(
            f"{len(find_stale(storage))} days stay stale after {MAX_PASSES} passes; "
            "is another process landing files?"
        )
    if given_up:
        raise PartitionError("\n".join(dict.fromkeys(str(error) for error in given_up.values())))


def _find_unwritten(storage: Storage) -> dict[date, frozenset[str]]:
    """What is stale and not just being written by another process, which is waited for.

    What is being written counts as stale: two processes that took it for their work would make it by turns, for
    ever.
    """
    stale = find_stale(storage)
    written = _days_in_state(storage, WriteState.WRITING) if stale else {}
    for table, days in written.items():
        with partition_locks(storage.warehouse, table, days, storage.settings.lock_timeout_seconds):
            pass
    return find_stale(storage) if written else stale


def _days_in_state(storage: Storage, write_state: WriteState) -> dict[str, set[date]]:
    with storage.warehouse.connect() as connection:
        return state.days_in_state(connection, [table.name for table in DAILY_TABLES], write_state)


@dataclass(frozen=True)
class Unfinished:
    """Event days of which a partition was begun and not committed: it failed, or its writer died or goes on."""

    failed: Collection[date] = frozenset()
    writing: Collection[date] = frozenset()


def unfinished_days(storage: Storage) -> Unfinished:
    """The event days that are not finished, by what the state says."""
    failed, writing = (
        set().union(*_days_in_state(storage, write_state).values())
        for write_state in (WriteState.FAILED, WriteState.WRITING)
    )
    return Unfinished(failed, writing)


def _compute(runner: Runner, units: Sequence[Unit], summary: RefreshSummary) -> dict[date, PartitionError]:
    """Do the work; returns the days that failed when they were computed alone.

    Of days that were computed together, those that failed are alone the next time.
    """
    failed = {}
    if units:
        runner.expect("computing", sum(len(tables) * len(days) for tables, days in units))
    for tables, days in units:
        try:
            runner.compute(tables, days)
        except PartitionError as error:
            if len(days) == 1:
                failed[days[0]] = error
            continue
        for day in days:
            summary.computed.setdefault(day, set()).update(tables)
    return failed


NOTHING_UNFINISHED = Unfinished()


def work_units(
    stale: Mapping[date, frozenset[str]],
    unfinished: Unfinished = NOTHING_UNFINISHED,
    cut: Callable[[Iterable[date]], list[list[date]]] = portions,
) -> list[Unit]:
    """The same work in runs: days that need the same tables, cut into runs, earliest first.

    A day that failed shares its run with no other, so that it holds up none when it fails again. Nor do days whose
    writer died share theirs with others: should one of them have killed it, the others are done.
    """
    groups: dict[tuple[frozenset[str], bool, date | None], list[date]] = {}
    for day, tables in stale.items():
        alone = day if day in unfinished.failed else None
        groups.setdefault((tables, day in unfinished.writing, alone), []).append(day)
    units = [(tables, chunk) for (tables, *_), days in groups.items() for chunk in cut(days)]
    return sorted(units, key=lambda unit: unit[1][0])
