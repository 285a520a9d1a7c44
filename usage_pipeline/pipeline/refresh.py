"""What needs work, and the loop that works until nothing does.

The loop is the same with and without Dagster: it asks a `Runner` to land days and to compute partitions,
and asks the state again what is left.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from sqlalchemy import Connection

from usage_pipeline.costs.periods.closing import ClosedPeriod
from usage_pipeline.costs.periods.due_periods import close_due
from usage_pipeline.errors import PartitionError
from usage_pipeline.events.landing import land
from usage_pipeline.events.landing.vanished import note_vanished
from usage_pipeline.pipeline.chunks import chunks
from usage_pipeline.pipeline.landing_work import find_landing_work
from usage_pipeline.pipeline.tables import CHUNK_DAYS, DAILY_TABLES
from usage_pipeline.storage import landed_files, state
from usage_pipeline.storage.compute import compute_partition, stale_days
from usage_pipeline.storage.opened import Storage

MAX_PASSES = 20
NO_FAILURES: Mapping[date, PartitionError] = {}

Unit = tuple[frozenset[str], list[date]]
"""The tables to make in one run, and its consecutive days."""


class Runner(Protocol):
    """Does the work that the loop finds."""

    def expect(self, what: str, partitions: int) -> None:
        """Be told how many partitions are coming, to show progress."""

    def land(self, days: Sequence[date]) -> None:
        """Land these consecutive landing days."""

    def compute(self, tables: Collection[str], days: Sequence[date]) -> None:
        """Compute these tables, in the order of the flow, for these consecutive event days."""


@dataclass(frozen=True)
class PlainRunner:
    """Does the work in this process, without Dagster."""

    storage: Storage
    run: str = "plain"

    def expect(self, what: str, partitions: int) -> None:
        """Show nothing."""

    def land(self, days: Sequence[date]) -> None:
        """Land the days, small ones together."""
        land.land_days(self.storage, days, self.run)

    def compute(self, tables: Collection[str], days: Sequence[date]) -> None:
        """Compute table by table."""
        for table in DAILY_TABLES:
            if table.name in tables:
                for day in days:
                    compute_partition(self.storage, table, day, self.run)


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
        stale = {table.name: stale_days(storage, connection, table, days) for table in DAILY_TABLES}
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
    for chunk in chunks(days):
        runner.land(chunk)
        summary.landed += chunk


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
        stale = {day: tables for day, tables in find_stale(storage).items() if day not in given_up}
        if not stale:
            break
        given_up |= _compute(runner, work_units(stale, alone=unfinished_days(storage)), summary)
    else:
        raise PartitionError(
            f"{len(find_stale(storage))} days stay stale after {MAX_PASSES} passes; "
            "is another process landing files?"
        )
    if given_up:
        raise PartitionError("\n".join(dict.fromkeys(str(error) for error in given_up.values())))


def unfinished_days(storage: Storage) -> set[date]:
    """The event days of which a partition was begun and not committed."""
    with storage.warehouse.connect() as connection:
        return state.unfinished_days(connection, [table.name for table in DAILY_TABLES])


def _compute(runner: Runner, units: Sequence[Unit], summary: RefreshSummary) -> dict[date, PartitionError]:
    """Do the work; returns the days that failed when they were computed alone.

    Of days that were computed together and failed, the unfinished one is alone the next time.
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


def work_units(
    stale: Mapping[date, frozenset[str]], size: int = CHUNK_DAYS, alone: Collection[date] = ()
) -> list[Unit]:
    """The same work in runs: consecutive days that need the same tables, earliest first.

    Days that are to go alone share their run with no other, so that they hold up none when they fail.
    """
    by_tables: dict[frozenset[str], list[date]] = {}
    for day, tables in stale.items():
        if day not in alone:
            by_tables.setdefault(tables, []).append(day)
    units = [(tables, chunk) for tables, days in by_tables.items() for chunk in chunks(days, size)]
    units += [(stale[day], [day]) for day in alone if day in stale]
    return sorted(units, key=lambda unit: unit[1][0])
