"""Finds expected days that are missing, from the first landing folder up to yesterday.

Every landing day with files is expected, and every event day with rows or a landing folder. A day with neither is
an outage: it stays missing until its files come. A day that is computed and whose record in Dagster was wiped, or
never written because its run was killed, is made again, today too: the numbers stay, and the UI shows them.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from usage_pipeline.events.landing.recording import note_vanished
from usage_pipeline.events.landing.scan import KnownFiles
from usage_pipeline.events.record import LANDED_EVENTS, LANDING_TABLES
from usage_pipeline.pipeline.automation.affected import Stale, work_on
from usage_pipeline.pipeline.automation.arrivals import files_digest
from usage_pipeline.pipeline.automation.work import LANDING, Busy, Work, consecutive
from usage_pipeline.pipeline.landing_work import find_landing_work, scan
from usage_pipeline.pipeline.refresh import find_stale, with_downstream
from usage_pipeline.pipeline.tables import CHUNK_DAYS, DAILY_TABLES
from usage_pipeline.storage import landed_days, state
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.state import WriteState


@dataclass(frozen=True)
class Unrecorded:
    """The landing days, and the tables of event days, that are made but of which Dagster has no record."""

    landing: frozenset[date] = frozenset()
    events: Stale = field(default_factory=dict)


ALL_RECORDED = Unrecorded()


def gap_work(storage: Storage, busy: Busy, unrecorded: Unrecorded = ALL_RECORDED) -> list[Work]:
    """Return the work on all gaps that are not busy: landing before event days, each the newest first.

    A run has at most as many days as the gap filler may request at a time.
    """
    size = min(storage.settings.gap_filler_max_days, CHUNK_DAYS)
    to_land, to_compute = landing_gaps(storage, unrecorded.landing), event_gaps(storage, unrecorded.events)
    landing = {day: digest for day, digest in to_land.items() if day not in busy.landing}
    events = {day: tables for day, tables in to_compute.items() if day not in busy.events}
    known_files = KnownFiles.AGAIN if storage.settings.gap_filler_old_code else KnownFiles.KEEP
    to_land_first = [replace(piece, known_files=known_files) for piece in consecutive(LANDING, landing, size)]
    return [*to_land_first[::-1], *work_on(storage, events, size)[::-1]]


def landing_gaps(storage: Storage, unrecorded: Collection[date] = ()) -> dict[date, str]:
    """Return the landing days up to yesterday that are not landed and recorded, with the digests of their files.

    With `gap_filler_old_code`, this includes the days that other formats or rules landed.
    """
    work = find_landing_work(storage)
    note_vanished(storage, work.vanished)
    gaps = {*work.days, *unrecorded, *(work.outdated if storage.settings.gap_filler_old_code else ())}
    files, today = scan(storage).days(), storage.settings.clock.today
    due = {day for day in gaps & files.keys() if day < today or day in unrecorded}
    return {day: files_digest(files[day]) for day in due}


def event_gaps(storage: Storage, unrecorded: Stale = ALL_RECORDED.events) -> dict[date, frozenset[str]]:
    """Return the event days up to yesterday that are stale, unfinished, not computed or not recorded, with tables.

    With `gap_filler_old_code`, this includes the tables that another code version computed.
    """
    gaps: dict[date, frozenset[str]] = {**_never_computed(storage), **find_stale(storage)}
    for found in (unrecorded, _outdated(storage) if storage.settings.gap_filler_old_code else {}):
        for day, tables in found.items():
            gaps[day] = gaps.get(day, frozenset()) | tables
    today = storage.settings.clock.today
    return {day: tables for day, tables in gaps.items() if day < today or day in unrecorded}


def find_unrecorded(storage: Storage, recorded: Mapping[str, Collection[date]]) -> Unrecorded:
    """Return the committed partitions, given by table the days that Dagster has a record of."""
    names = [LANDED_EVENTS.name, *(table.name for table in DAILY_TABLES)]
    with storage.warehouse.connect() as connection:
        committed = state.days_in_state(connection, names, WriteState.COMMITTED)
    landed = committed.pop(LANDED_EVENTS.name, set())
    lacking = {name: days.difference(recorded[name]) for name, days in committed.items()}
    return Unrecorded(
        frozenset(day for table in LANDING_TABLES for day in landed.difference(recorded[table.name])),
        {
            day: frozenset(name for name, days in lacking.items() if day in days)
            for day in set().union(*lacking.values())
        },
    )


def _never_computed(storage: Storage) -> Stale:
    """Return the days with a landing folder but without events. They are zero, which has to be computed too."""
    with storage.warehouse.connect() as connection:
        landed = state.partitions(connection, LANDED_EVENTS.name)
        computed = state.partitions(connection, DAILY_TABLES[0].name)
    every_table = frozenset(table.name for table in DAILY_TABLES)
    return {day: every_table for day, partition in landed.items() if partition.committed and day not in computed}


def _outdated(storage: Storage) -> Stale:
    with storage.warehouse.connect() as connection:
        found = {
            table.name: state.outdated_days(connection, table.name, table.code_version) for table in DAILY_TABLES
        }
    days = {day for outdated in found.values() for day in outdated}
    return {day: with_downstream({name for name in found if day in found[name]}) for day in days}


def expected_yesterday(storage: Storage) -> date | None:
    """Return yesterday if it has a landing folder or landed rows."""
    yesterday = storage.settings.clock.today - timedelta(days=1)
    with storage.warehouse.connect() as connection:
        known = landed_days.event_days(connection) | state.partitions(connection, LANDED_EVENTS.name).keys()
    return yesterday if yesterday in known else None
