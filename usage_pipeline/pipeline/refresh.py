"""Finds the work to do, and the loop that does it until none is left.

The loop is the same with and without Dagster: it lets a `Runner` land days and compute partitions, and asks the
state again for what is left.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from sqlalchemy import Connection

from usage_pipeline.alerts.raising import settle_credits_and_limits
from usage_pipeline.billing.closing import ClosedPeriod
from usage_pipeline.billing.due_periods import close_due
from usage_pipeline.errors import FailedDaysError, PartitionError, UsagePipelineError
from usage_pipeline.events.landing.recording import note_vanished
from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.pipeline.landing_work import LandingWork, find_landing_work
from usage_pipeline.pipeline.tables import DAILY_TABLES
from usage_pipeline.records.tables import EXCLUDED_EVENTS
from usage_pipeline.storage import landed_days, state
from usage_pipeline.storage.batches import batches
from usage_pipeline.storage.compute import compute_days, stale_days
from usage_pipeline.storage.locks import partition_locks
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.state import WriteState

COMMAND_DAYS = 366
"""Most days of a run of a command. A run costs about as much as a hundred small days."""

MAX_PASSES = 20
NO_FAILURES: Mapping[date, UsagePipelineError] = {}

Unit = tuple[frozenset[str], list[date]]
"""The tables to compute in one run, and its days."""


class Runner(Protocol):
    """Does the work that the loop finds."""

    def expect(self, what: str, partitions: int) -> None:
        """Begin to show the progress of this many partitions."""

    def land(self, days: Sequence[date]) -> None:
        """Land the new and changed files of these landing days."""

    def land_again(self, days: Sequence[date]) -> None:
        """Land all files of these landing days by today's formats and rules."""

    def compute(self, tables: Collection[str], days: Sequence[date]) -> None:
        """Compute these tables for these event days, in the order of the flow."""


@dataclass(frozen=True)
class PlainRunner:
    """Does the work in this process, without Dagster."""

    storage: Storage
    run: str = "plain"

    def expect(self, what: str, partitions: int) -> None:
        """Show nothing."""

    def land(self, days: Sequence[date]) -> None:
        """Land new files, the days in batches."""
        from usage_pipeline.events.landing.land import land_new_files  # noqa: PLC0415 - slow to import, idle runs need none

        land_new_files(self.storage, days, self.run)

    def land_again(self, days: Sequence[date]) -> None:
        """Land all files, the days in batches."""
        from usage_pipeline.events.landing.land import land_days  # noqa: PLC0415 - slow to import

        land_days(self.storage, days, self.run)

    def compute(self, tables: Collection[str], days: Sequence[date]) -> None:
        """Compute table by table, in batches of days."""
        together = list(batches(self.storage, days))
        for table in DAILY_TABLES:
            if table.name in tables:
                for batch in together:
                    compute_days(self.storage, table, batch, self.run).raise_failures()


@dataclass
class RefreshSummary:
    """The landing days, event days and billing periods that a refresh landed, computed and closed.

    `posted` is the number of rows that were added to the ledger of credits. `is_settled` says that no day was left
    stale.
    """

    landed: list[date] = field(default_factory=list)
    computed: dict[date, set[str]] = field(default_factory=dict)
    closings: list[ClosedPeriod] = field(default_factory=list)
    posted: int = 0
    is_settled: bool = field(default=False, compare=False)


def find_stale(storage: Storage) -> dict[date, frozenset[str]]:
    """Return the tables to compute by event day: stale or missing tables, and all that read them.

    Where only `excluded_events` is stale, lines of a day nearby have changed, mostly none with an id of this day.
    So it is computed alone: what reads it becomes stale if it comes out differently.
    """
    with storage.warehouse.connect() as connection:
        days = event_days(storage, connection)
        stale = stale_days(storage, connection, DAILY_TABLES, days)
    tables = {day: frozenset(name for name, found in stale.items() if day in found) for day in sorted(days)}
    return {
        day: names if names == {EXCLUDED_EVENTS.name} else with_downstream(names)
        for day, names in tables.items()
        if names
    }


def event_days(storage: Storage, connection: Connection) -> set[date]:
    """Return the days of the calendar that have landed rows, or had some when they were last computed."""
    days = landed_days.event_days(connection) | state.partitions(connection, DAILY_TABLES[0].name).keys()
    return {day for day in days if day >= storage.settings.first_day}


def days_with_data(storage: Storage) -> set[date]:
    """Return the days with landed rows, with a landing folder that has landed, or computed before from such."""
    with storage.warehouse.connect() as connection:
        return event_days(storage, connection) | state.partitions(connection, LANDED_EVENTS.name).keys()


def first_day_with_data(storage: Storage) -> date:
    """Return the earliest landing day, or the earliest day of landed events if it is before that."""
    with storage.warehouse.connect() as connection:
        first_days = (
            state.first_day(connection, [LANDED_EVENTS.name, DAILY_TABLES[0].name]),
            landed_days.first_event_day(connection),
        )
    return min((day for day in first_days if day), default=date.max)


def with_downstream(names: Collection[str]) -> frozenset[str]:
    """Return these tables and all tables that read them, directly or not."""
    reached = set(names)
    for table in DAILY_TABLES:  # in the order of the flow, so one pass reaches all
        if reached.intersection(table.upstream):
            reached.add(table.name)
    return frozenset(reached)


def refresh(storage: Storage, runner: Runner, work: LandingWork | None = None) -> RefreshSummary:
    """Land new files, compute stale partitions until none is left, close periods, post credits, raise alerts.

    `work` is what there is to land, if the caller has looked. Raises PartitionError if days fail or stay stale;
    that keeps nobody else's credits from the ledger.
    """
    summary = RefreshSummary()
    work = work or find_landing_work(storage)
    note_vanished(storage, work.vanished)
    _land(runner, runner.land, work.days, summary)
    failure = None
    try:
        settle(storage, runner, summary)
    except PartitionError as error:
        failure = error
    summary.closings += close_due(storage)
    summary.posted += settle_credits_and_limits(storage)
    if failure is not None:
        raise failure
    return summary


def land_days_again(runner: Runner, days: Collection[date], summary: RefreshSummary) -> None:
    """Land all files of these days by today's formats and rules."""
    _land(runner, runner.land_again, days, summary)


def _land(
    runner: Runner, land: Callable[[Sequence[date]], None], days: Collection[date], summary: RefreshSummary
) -> None:
    if days:
        runner.expect("landing", len(days))
    for portion in portions(days):
        land(portion)
        summary.landed += portion


def recompute_days(storage: Storage, runner: Runner, days: Collection[date], summary: RefreshSummary) -> None:
    """Compute all tables of these days, stale or not, then all days that became stale by it."""
    every_table = frozenset(table.name for table in DAILY_TABLES)
    failed = _compute(runner, work_units(dict.fromkeys(days, every_table)), summary)
    settle(storage, runner, summary, failed)


def settle(
    storage: Storage,
    runner: Runner,
    summary: RefreshSummary,
    failed: Mapping[date, UsagePipelineError] = NO_FAILURES,
) -> None:
    """Compute stale and missing partitions until none is left, except those of days that fail.

    Raises PartitionError if days failed, or stay stale although they were computed.
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
        raise FailedDaysError(given_up)
    summary.is_settled = True


def _find_unwritten(storage: Storage) -> dict[date, frozenset[str]]:
    """Wait for partitions that other processes are writing, then return the stale tables by day.

    A partition that is being written counts as stale, so two processes would compute it in turns without end.
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
    """Event days with a partition that failed, or whose writer died or is still at work."""

    failed: Collection[date] = frozenset()
    writing: Collection[date] = frozenset()


def unfinished_days(storage: Storage) -> Unfinished:
    """Return the event days that the state says are failed or being written."""
    failed, writing = (
        set().union(*_days_in_state(storage, write_state).values())
        for write_state in (WriteState.FAILED, WriteState.WRITING)
    )
    return Unfinished(failed, writing)


def _compute(runner: Runner, units: Sequence[Unit], summary: RefreshSummary) -> dict[date, UsagePipelineError]:
    """Compute these units, and return the days that failed; the days beside them are finished in the next pass."""
    failed: dict[date, UsagePipelineError] = {}
    if units:
        runner.expect("computing", sum(len(tables) * len(days) for tables, days in units))
    for tables, days in units:
        try:
            runner.compute(tables, days)
        except FailedDaysError as error:
            failed |= error.reasons
            continue
        for day in days:
            summary.computed.setdefault(day, set()).update(tables)
    return failed


NOTHING_UNFINISHED = Unfinished()


def portions(days: Iterable[date]) -> list[list[date]]:
    """Cut the days, in order, into runs of a command. Unlike Dagster's runs, these may leave out days."""
    ordered = sorted(days)
    return [ordered[start : start + COMMAND_DAYS] for start in range(0, len(ordered), COMMAND_DAYS)]


def work_units(
    stale: Mapping[date, frozenset[str]],
    unfinished: Unfinished = NOTHING_UNFINISHED,
    cut: Callable[[Iterable[date]], list[list[date]]] = portions,
) -> list[Unit]:
    """Group days that need the same tables, and cut the groups into runs, earliest first.

    A day that failed runs alone, so that it delays no other day if it fails again. Days whose writer died run
    apart from the others, because one of them may have killed it.
    """
    groups: dict[tuple[frozenset[str], bool, date | None], list[date]] = {}
    for day, tables in stale.items():
        alone = day if day in unfinished.failed else None
        groups.setdefault((tables, day in unfinished.writing, alone), []).append(day)
    units = [(tables, chunk) for (tables, *_), days in groups.items() for chunk in cut(days)]
    return sorted(units, key=lambda unit: unit[1][0])
