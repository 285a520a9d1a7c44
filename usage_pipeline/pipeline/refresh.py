"""What needs work, and the loop that works until nothing does.

The loop is the same with and without Dagster: it asks a `Runner` to land days and to compute partitions,
and asks the state again what is left.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import groupby
from typing import Protocol

from sqlalchemy import Connection

from usage_pipeline.errors import PartitionError
from usage_pipeline.events.landing.land import land_day
from usage_pipeline.events.landing.vanished import note_vanished
from usage_pipeline.pipeline.landing_work import find_landing_work
from usage_pipeline.pipeline.tables import CHUNK_DAYS, DAILY_TABLES
from usage_pipeline.storage import state
from usage_pipeline.storage.compute import compute_partition, stale_days
from usage_pipeline.storage.opened import Storage

MAX_PASSES = 20


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
        """Land the days one after the other."""
        for day in days:
            land_day(self.storage, day, self.run)

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


def find_stale(storage: Storage) -> dict[date, frozenset[str]]:
    """Per event day, the tables to compute: stale or missing, or reading one that is."""
    with storage.warehouse.connect() as connection:
        days = event_days(storage, connection)
        stale = {table.name: stale_days(storage, connection, table, days) for table in DAILY_TABLES}
    return {day: _with_downstream(names) for day in sorted(days) if (names := _stale_on(day, stale))}


def event_days(storage: Storage, connection: Connection) -> set[date]:
    """The days of the calendar that hold landed rows, or did when they were last computed."""
    days = state.event_days(connection) | state.partitions(connection, DAILY_TABLES[0].name).keys()
    return {day for day in days if day >= storage.settings.first_day}


def _stale_on(day: date, stale: Mapping[str, set[date]]) -> set[str]:
    return {name for name, days in stale.items() if day in days}


def _with_downstream(names: set[str]) -> frozenset[str]:
    reached = set(names)
    for table in DAILY_TABLES:  # in the order of the flow, so one pass reaches all
        if reached.intersection(table.upstream):
            reached.add(table.name)
    return frozenset(reached)


def refresh(storage: Storage, runner: Runner) -> RefreshSummary:
    """Land what is new, then compute what is stale or missing until nothing is.

    Raises PartitionError when days stay stale although they were computed.
    """
    summary = RefreshSummary()
    work = find_landing_work(storage)
    note_vanished(storage, work.vanished)
    land_days(runner, work.days, summary)
    settle(storage, runner, summary)
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
    _compute(runner, dict.fromkeys(days, frozenset(table.name for table in DAILY_TABLES)), summary)
    settle(storage, runner, summary)


def settle(storage: Storage, runner: Runner, summary: RefreshSummary) -> None:
    """Compute stale and missing partitions until none is left."""
    for _ in range(MAX_PASSES):
        stale = find_stale(storage)
        if not stale:
            return
        _compute(runner, stale, summary)
    raise PartitionError(
        f"{len(find_stale(storage))} days stay stale after {MAX_PASSES} passes; is another process landing files?"
    )


def _compute(runner: Runner, work: Mapping[date, frozenset[str]], summary: RefreshSummary) -> None:
    if work:
        runner.expect("computing", sum(map(len, work.values())))
    for tables, days in work_units(work):
        runner.compute(tables, days)
        for day in days:
            summary.computed.setdefault(day, set()).update(tables)


def work_units(stale: Mapping[date, frozenset[str]]) -> Iterable[tuple[frozenset[str], list[date]]]:
    """The same work in runs: consecutive days that need the same tables, earliest first."""
    by_tables: dict[frozenset[str], list[date]] = {}
    for day, tables in stale.items():
        by_tables.setdefault(tables, []).append(day)
    units = [(tables, chunk) for tables, days in by_tables.items() for chunk in chunks(days)]
    return sorted(units, key=lambda unit: unit[1][0])


def chunks(days: Iterable[date], size: int = CHUNK_DAYS) -> list[list[date]]:
    """Consecutive days together, at most `size` of them."""
    ordered = sorted(days)
    position: Callable[[tuple[int, date]], date] = lambda pair: pair[1] - timedelta(days=pair[0])  # noqa: E731
    runs = [[day for _, day in group] for _, group in groupby(enumerate(ordered), key=position)]
    return [run[start : start + size] for run in runs for start in range(0, len(run), size)]
