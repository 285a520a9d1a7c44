"""Finds stale tables of event days in the state."""

from collections.abc import Collection, Mapping
from datetime import date
from functools import partial

from usage_pipeline.pipeline.automation.work import Work, chunks
from usage_pipeline.pipeline.refresh import find_stale, unfinished_days, work_units
from usage_pipeline.pipeline.tables import CHUNK_DAYS, DAILY_TABLES
from usage_pipeline.storage.compute import inputs_digests
from usage_pipeline.storage.digests import fingerprint
from usage_pipeline.storage.opened import Storage

Stale = Mapping[date, frozenset[str]]


def affected_work(storage: Storage, busy: Collection[date]) -> list[Work]:
    """Return the stale tables of the stale days that are not busy, earliest first, in runs of consecutive days."""
    return work_on(storage, {day: tables for day, tables in find_stale(storage).items() if day not in busy})


def work_on(storage: Storage, stale: Stale, size: int = CHUNK_DAYS) -> list[Work]:
    """Return the work on these tables of these days. A day that failed runs alone."""
    units = work_units(stale, unfinished_days(storage), partial(chunks, size=size))
    return [Work(tables, days, _digest(storage, tables, days)) for tables, days in units]


def _digest(storage: Storage, tables: Collection[str], days: Collection[date]) -> str:
    concerned = [table for table in DAILY_TABLES if table.name in tables]
    with storage.warehouse.connect() as connection:
        digests = inputs_digests(storage, connection, concerned, days)
    parts = [(table.code_version, *digests[table.name].items()) for table in concerned]
    return fingerprint([sorted(tables), *parts])
