"""Erases a tenant from the files of a landing day, and from what landed of them.

Its own files go. In files of several tenants its lines are blanked in place, so that every other byte and every
line number stays. The state is told of the new content before it is there, and knows both until the erasure is
done, so that the file is not taken for a changed one.
"""

import os
import shutil
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from pathlib import Path

from duckdb import DuckDBPyConnection
from sqlalchemy import Connection

from usage_pipeline.errors import ErasureError, UnreadableFileError
from usage_pipeline.events.landing.blanking import Blanked, blank_records, count_records
from usage_pipeline.events.landing.committing import commit_days
from usage_pipeline.events.landing.lines import content_digest
from usage_pipeline.events.landing.scan import COMPRESSIONS
from usage_pipeline.events.record import LANDED_EVENTS, LANDING_TABLES, REJECTED_LINES
from usage_pipeline.retention.erasure.member import MemberRows
from usage_pipeline.retention.erasure.subject import Subject, Word
from usage_pipeline.retention.erasure.sums import RUN
from usage_pipeline.retention.erasure.traces import Traces, find_traces, is_of_tenant, is_trace
from usage_pipeline.retention.past_term import find_object
from usage_pipeline.retention.removal import copy_rows
from usage_pipeline.storage import audit, landed_files, state
from usage_pipeline.storage.engine import parquet_scan, session
from usage_pipeline.storage.lake import sync
from usage_pipeline.storage.landed_files import FileState, LandedFile
from usage_pipeline.storage.locks import partition_locks
from usage_pipeline.storage.opened import Storage

_BLANKED = ".erasing.part"


def erase_landing_day(
    storage: Storage, day: date, subject: Subject, word: Word, conversations: Collection[str]
) -> None:
    """Erase a tenant from the files of a landing day and from their rows in the lake; or a member.

    `conversations` are the digests of those that the member took part in.

    Raises LockTimeoutError if the day is landing.
    """
    locks = partition_locks(storage.warehouse, LANDED_EVENTS.name, [day], storage.settings.lock_timeout_seconds)
    with locks as connection, session(storage.engine) as duck:
        files = landed_files.files(connection, [day])
        own = [file for file in files if is_of_tenant(file.path, subject, word)]
        shared = [file for file in files if not is_of_tenant(file.path, subject, word)]
        traces = find_traces(storage, duck, shared, subject, word)
        members = None if subject.member_id is None else MemberRows(storage, duck, subject, word, conversations)
        for file in shared:
            _blank(storage, connection, file, traces)
            _remove_rows(storage, connection, duck, file, subject, word)
            if members is not None:
                _rewrite_events(storage, connection, members, file)
        if subject.member_id is None:
            _remove_files(storage, day, own, subject)
            landed_files.forget(connection, [file.path for file in own])
        if files and (own or members is not None):
            _commit(storage, connection, day)


def folders_of(storage: Storage, subject: Subject) -> set[date]:
    """Return the landing days with a folder of the tenant, whatever lies there."""
    found = set()
    for folder in storage.settings.landing.glob("*/*/*"):
        if folder.name == subject.tenant_id:
            with suppress(ValueError):
                found.add(date.fromisoformat(folder.parent.name))
    return found


def is_csv(path: str) -> bool:
    """Return True if a landing file is CSV."""
    return Path(path).name.removesuffix(".gz").removesuffix(".zst").endswith(".csv")


def compression_of(path: str) -> str | None:
    """Return how a landing file is compressed, if it is."""
    return COMPRESSIONS.get(Path(path).suffix)


def _blank(storage: Storage, connection: Connection, file: LandedFile, traces: Traces) -> None:
    path = Path(os.path.realpath(storage.settings.landing / file.path))
    if file.state is FileState.FAILED or not path.exists():
        return
    choose, compression = partial(traces.chosen, file.path), compression_of(file.path)
    target = path.with_name(f".{path.name}{_BLANKED}")
    target.unlink(missing_ok=True)
    try:
        if not count_records(path, compression, choose, is_csv=is_csv(file.path)):
            return
        _expect_landed(file, path)
        blanked = blank_records(path, compression, choose, target, is_csv=is_csv(file.path))
    except UnreadableFileError as error:
        raise ErasureError(f"{file.path}: {error}. Then erase again.") from None
    _note_content(connection, file, blanked, target, storage.settings.clock.now)
    target.replace(path)
    sync(path.parent)


def _expect_landed(file: LandedFile, path: Path) -> None:
    """Expect that the file has not changed since it landed, because what is new in it would never land."""
    found = path.stat()
    if (found.st_size, found.st_mtime_ns) == (file.size, file.mtime_ns):
        return
    if content_digest(path, compression_of(file.path)) not in file.contents:
        raise ErasureError(f"{file.path} has changed since it landed. Run `usage-pipeline run`, then erase again.")


def _note_content(
    connection: Connection, file: LandedFile, blanked: Blanked, target: Path, moment: datetime
) -> None:
    """Note the content that the file is about to have; until then it may have the one before."""
    now = next(known for known in landed_files.files(connection, [file.landing_day]) if known.path == file.path)
    found = target.stat()
    is_noted = now.content_digest == blanked.content_digest
    changed = replace(
        now,
        size=found.st_size,
        mtime_ns=found.st_mtime_ns,
        content_digest=blanked.content_digest,
        digest_before_erasure=now.digest_before_erasure if is_noted else now.content_digest,
        erased_at=moment,
    )
    landed_files.record_files(connection, [changed])
    if now.content_digest is not None and now.content_digest != blanked.content_digest:
        audit.follow_content(connection, file.path, now.content_digest, blanked.content_digest)
    connection.commit()


def _remove_rows(  # noqa: PLR0913, PLR0917 - a file in its places
    storage: Storage,
    connection: Connection,
    duck: DuckDBPyConnection,
    file: LandedFile,
    subject: Subject,
    word: Word,
) -> None:
    for spec in LANDING_TABLES:
        path = find_object(storage, spec, file)
        if path is None or (spec is LANDED_EVENTS and subject.member_id is not None):
            continue
        traces = is_trace(spec, subject, word)
        scan = f"FROM {parquet_scan([path])} AS landed"
        found, left = duck.execute(f"SELECT count(*), count(*) FILTER (NOT {traces}) {scan}").fetchall()[0]
        if found == left:
            continue
        if spec is REJECTED_LINES:
            _note_rejects_left(connection, file, left)
        if left:
            storage.lake.replace(path, partial(copy_rows, duck, f"SELECT * {scan} WHERE NOT {traces}", left))
        else:
            path.unlink()


def _note_rejects_left(connection: Connection, file: LandedFile, left: int) -> None:
    now = next(known for known in landed_files.files(connection, [file.landing_day]) if known.path == file.path)
    landed_files.record_files(connection, [replace(now, rejects_pruned=now.rejected - left)])
    connection.commit()


def _remove_files(storage: Storage, day: date, own: Iterable[LandedFile], subject: Subject) -> None:
    """Remove the tenant's files, and its folders with whatever lies there."""
    for file in own:
        (storage.settings.landing / file.path).unlink(missing_ok=True)
    for folder in storage.settings.landing.glob(f"*/{day}/*"):
        if folder.name == subject.tenant_id and folder.is_symlink():
            folder.unlink()
        elif folder.name == subject.tenant_id and folder.is_dir():
            shutil.rmtree(folder)


def _rewrite_events(storage: Storage, connection: Connection, members: MemberRows, file: LandedFile) -> None:
    path = find_object(storage, LANDED_EVENTS, file)
    if path is not None:
        members.rewrite(connection, file.path, path)


def _commit(storage: Storage, connection: Connection, day: date) -> None:
    """Commit the landing day with the files that the state has now; objects of others go from the lake."""
    landing = state.partitions(connection, LANDED_EVENTS.name, day, day)[day]
    state.mark_writing(connection, LANDED_EVENTS.name, [day], RUN)
    commit_days(storage, connection, {day: landing.code_version or ""})
    connection.commit()
