"""Event days that a landing has changed, and what depends on them: taken from the state alone."""

from collections.abc import Collection, Mapping
from datetime import date
from functools import partial

from usage_pipeline.pipeline.automation.work import Work
from usage_pipeline.pipeline.chunks import chunks
from usage_pipeline.pipeline.refresh import find_stale, unfinished_days, work_units
from usage_pipeline.pipeline.tables import CHUNK_DAYS, DAILY_TABLES
from usage_pipeline.storage.compute import inputs_digests
from usage_pipeline.storage.digests import fingerprint
from usage_pipeline.storage.opened import Storage

Stale = Mapping[date, frozenset[str]]


def affected_work(storage: Storage, busy: Collection[date]) -> list[Work]:
    """Exactly the stale tables of exactly the stale days, the earliest first, in runs of consecutive days."""
    stale = {day: tables for day, tables in find_stale(storage).items() if day not in busy}
    return work_on(storage, stale)


def work_on(storage: Storage, stale: Stale, size: int = CHUNK_DAYS) -> list[Work]:
    """The work on these tables of these days.

    A day that failed goes alone: should it fail again, it holds up no other.
    """
    units = work_units(stale, unfinished_days(storage), partial(chunks, size=size))
    return [Work(tables, days, _digest(storage, tables, days)) for tables, days in units]


def _digest(storage: Storage, tables: Collection[str], days: Collection[date]) -> str:
    concerned = [table for table in DAILY_TABLES if table.name in tables]
    with storage.warehouse.connect() as connection:
        digests = inputs_digests(storage, connection, concerned, days)
    parts = [(table.code_version, *digests[table.name].items()) for table in concerned]
    return fingerprint([sorted(tables), *parts])
