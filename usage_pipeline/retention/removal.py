"""Removes what is past its term of landing files: texts, rejected lines, landed events and the files themselves.

A landing file is removed as a whole, when everything in it is past its term, so no line of it ever moves. What was
made of it stays, and must be there: from then on `landed_events` is all that is left of its records.
"""

import os
from collections.abc import Collection
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from pathlib import Path

from duckdb import DuckDBPyConnection
from sqlalchemy import Connection

from usage_pipeline.errors import PartitionError
from usage_pipeline.events.landing.objects import OPTIONS
from usage_pipeline.events.record import IDENTITY, LANDED_EVENTS, REJECTED_LINES
from usage_pipeline.retention.links import target_of
from usage_pipeline.retention.past_term import MARKED, Finder, PastTerm, find_object
from usage_pipeline.retention.terms import Terms
from usage_pipeline.storage import audit, landed_files
from usage_pipeline.storage.audit import Action, AuditEntry
from usage_pipeline.storage.daily import SqlFile
from usage_pipeline.storage.engine import literal, session
from usage_pipeline.storage.landed_files import LandedFile
from usage_pipeline.storage.locks import expect_held, partition_locks
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.tables import TableSpec

_WHERE_LANDED = ("landing_day", "landing_file", "landing_line", "landing_event")
_IDS_LEFT = SqlFile.beside(
    __file__,
    "ids_left",
    columns=LANDED_EVENTS.column_names,
    left=(*(column.name for column in IDENTITY), *_WHERE_LANDED, "event_day", "payload_digest"),
)


def remove_past_term(storage: Storage, days: Collection[date], terms: Terms, by: str) -> list[PastTerm]:
    """Remove what is past its term of the files of landing days, and return it; of records, what is pruned.

    What goes is recorded before it is removed. After a kill the next call finds the rest. Raises LockTimeoutError
    if one of the days is landing, and PartitionError if an object does not have the rows that it should.
    """
    locks = partition_locks(storage.warehouse, LANDED_EVENTS.name, days, storage.settings.lock_timeout_seconds)
    with locks as connection, session(storage.engine) as duck:
        finder = Finder(storage, connection, duck, terms)
        found = _removable(finder, connection, days)
        now = storage.settings.clock.now
        landed_files.record_files(connection, [_marked(entry, now) for entry in found])
        audit.record(connection, *(_entry(entry, terms, now, by) for entry in found))
        connection.commit()
        for entry in found:
            expect_held(connection)
            _remove(storage, finder, entry)
        remaining = _removable(finder, connection, days)
    if remaining:
        raise PartitionError(
            f"{remaining[0].file.path}: something past its term is still there after it was removed. Is the disk "
            "at fault? Otherwise this is a fault of the pipeline: please report it."
        )
    return found


def _removable(finder: Finder, connection: Connection, days: Collection[date]) -> list[PastTerm]:
    return [entry for entry in finder.find(landed_files.files(connection, days)) if entry.removable]


def _marked(entry: PastTerm, now: datetime) -> LandedFile:
    gone = entry.file.rejected - entry.shares[REJECTED_LINES].left if entry.rejects else entry.file.rejects_pruned
    return replace(entry.file, rejects_pruned=gone, pruned_at=now if entry.file_goes else entry.file.pruned_at)


def _entry(entry: PastTerm, terms: Terms, now: datetime, by: str) -> AuditEntry:
    details = {
        "texts": entry.texts,
        "rejected_lines": entry.rejects,
        "events": entry.events.pruned,
        "file": entry.file_goes,
        "as_of": str(terms.day),
    }
    return AuditEntry(now, by, Action.PRUNED, entry.file.path, "past the retention of its tenants", details)


def _remove(storage: Storage, finder: Finder, entry: PastTerm) -> None:
    for spec, share in entry.shares.items():
        path = find_object(storage, spec, entry.file)
        if path is not None and share.past:
            _keep_rows(storage, finder, spec, path, share.left)
    path = find_object(storage, LANDED_EVENTS, entry.file)
    if path is not None and (entry.events.pruned or entry.events.ids):
        _keep_rows(storage, finder, LANDED_EVENTS, path, entry.events.kept + entry.events.compared)
    if entry.file_goes:
        landing = storage.settings.landing
        landing_file = landing / entry.file.path
        if target := target_of(landing_file, landing):  # first, because afterwards nothing leads to it
            target.unlink(missing_ok=True)
            _remove_empty_folders(target, Path(os.path.realpath(landing)))
        landing_file.unlink(missing_ok=True)
        _remove_empty_folders(landing_file, landing)


def _keep_rows(storage: Storage, finder: Finder, spec: TableSpec, path: Path, expected: int) -> None:
    """Leave this many rows in an object, or no object without any."""
    if not expected:
        path.unlink()
        return
    finder.register(spec, [path], "landed.*")
    storage.lake.replace(path, partial(_copy_left, finder.duck, spec, expected))


def _copy_left(duck: DuckDBPyConnection, spec: TableSpec, expected: int, path: Path) -> None:
    duck.execute(f"CREATE OR REPLACE TEMP VIEW landed AS {MARKED.text}")
    names = ", ".join(f'"{name}"' for name in spec.column_names)
    texts = f"SELECT {names} FROM landed WHERE NOT is_past"
    select = _IDS_LEFT.text if spec is LANDED_EVENTS else texts
    copy_rows(duck, select, expected, path)


def copy_rows(duck: DuckDBPyConnection, select: str, expected: int, path: Path) -> None:
    """Write the rows that stay of an object. Raises PartitionError if they are not as many as expected."""
    copied = duck.execute(f"COPY ({select}) TO {literal(str(path))} ({OPTIONS})").fetchall()[0][0]
    if copied != expected:
        raise PartitionError(
            f"{path.name}: {expected:,} rows are to stay, and {copied:,} were written; the object is as it was. "
            "This is a fault of the pipeline: please report it."
        )


def _remove_empty_folders(file: Path, root: Path) -> None:
    for folder in file.parents:
        if folder == root or any(folder.iterdir()):
            return
        folder.rmdir()
