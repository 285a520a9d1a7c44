"""Finds expected days that are missing, from the first landing folder up to yesterday.

Every landing day with files is expected, and every event day with rows or a landing folder. A day with neither is
an outage: it stays missing until its files come.
"""

from datetime import date, timedelta

from usage_pipeline.events.landing.recording import note_vanished
from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.pipeline.automation.affected import Stale, work_on
from usage_pipeline.pipeline.automation.arrivals import files_digest
from usage_pipeline.pipeline.automation.work import LANDING, Busy, Work, consecutive
from usage_pipeline.pipeline.landing_work import find_landing_work, scan_days
from usage_pipeline.pipeline.refresh import find_stale, with_downstream
from usage_pipeline.pipeline.tables import CHUNK_DAYS, DAILY_TABLES
from usage_pipeline.storage import landed_files, state
from usage_pipeline.storage.opened import Storage


def gap_work(storage: Storage, busy: Busy) -> list[Work]:
    """Return the work on all gaps that are not busy: landing before event days, each the newest first.

    A run has at most as many days as the gap filler may request at a time.
    """
    size = min(storage.settings.gap_filler_max_days, CHUNK_DAYS)
    landing = {day: digest for day, digest in landing_gaps(storage).items() if day not in busy.landing}
    events = {day: tables for day, tables in event_gaps(storage).items() if day not in busy.events}
    return [*consecutive(LANDING, landing, size)[::-1], *work_on(storage, events, size)[::-1]]


def landing_gaps(storage: Storage) -> dict[date, str]:
    """Return the landing days up to yesterday that are not landed completely, with the digests of their files.

    With `gap_filler_old_code`, this includes the days that other formats or rules landed.
    """
    work = find_landing_work(storage)
    note_vanished(storage, work.vanished)
    gaps = {*work.days, *(work.outdated if storage.settings.gap_filler_old_code else ())}
    files = scan_days(storage)
    return {day: files_digest(files[day]) for day in gaps & files.keys() if day < storage.settings.clock.today}


def event_gaps(storage: Storage) -> dict[date, frozenset[str]]:
    """Return the event days up to yesterday that are stale, unfinished or never computed, and their tables.

    With `gap_filler_old_code`, this includes the tables that another code version computed.
    """
    gaps: dict[date, frozenset[str]] = {**_never_computed(storage), **find_stale(storage)}
    if storage.settings.gap_filler_old_code:
        for day, tables in _outdated(storage).items():
            gaps[day] = gaps.get(day, frozenset()) | tables
    return {day: tables for day, tables in gaps.items() if day < storage.settings.clock.today}


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
        known = landed_files.event_days(connection) | state.partitions(connection, LANDED_EVENTS.name).keys()
    return yesterday if yesterday in known else None
