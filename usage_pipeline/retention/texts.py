"""Finds and removes texts past their term: in `content` and `rejected_lines`, and landing files, which hold both.

A landing file is removed as a whole, when everything in it is past its term, so no line of it ever moves. What was
made of it stays, and must be there: from then on `landed_events` is all that is left of its records.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import partial
from pathlib import Path

from duckdb import DuckDBPyConnection

from usage_pipeline.errors import PartitionError
from usage_pipeline.events.record import CONTENT, LANDED_EVENTS, REJECTED_LINES
from usage_pipeline.retention.terms import Terms
from usage_pipeline.storage import audit, landed_files
from usage_pipeline.storage.audit import Action, AuditEntry
from usage_pipeline.storage.daily import SqlFile
from usage_pipeline.storage.engine import PARQUET, literal, parquet_scan, session
from usage_pipeline.storage.landed_files import LandedFile
from usage_pipeline.storage.locks import partition_locks
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.rows import register_rows
from usage_pipeline.storage.tables import TableSpec, Term, columns

_MARKED = SqlFile.beside(__file__, "marked_rows")
_LANDING_DAY = "CAST(split_part(landing_file, '/', 2) AS DATE)"
_DAYS = {CONTENT: "event_day", REJECTED_LINES: _LANDING_DAY, LANDED_EVENTS: "event_day"}
"""The day of a row by which its term counts."""
_FIRST_KEPT = columns(("tenant_id", "VARCHAR", "Tenant."), ("day", "DATE", "First day; null if all are kept."))
_TERMS = columns(("of_others", "DATE", "Of other tenants."), ("of_unknown", "DATE", "Of rows without a tenant."))


@dataclass(frozen=True)
class Share:
    """The rows of a landing file in a table, and those of them that are past their term."""

    found: int = 0
    past: int = 0

    @property
    def left(self) -> int:
        """The rows that stay."""
        return self.found - self.past


@dataclass(frozen=True)
class PastTerm:
    """What of a landing file is past its term."""

    file: LandedFile
    shares: Mapping[TableSpec, Share] = field(hash=False)
    """Of `content` and `rejected_lines`."""
    file_goes: bool
    bytes: int
    """How much smaller the files on disk get; an estimate where only some rows go."""

    @property
    def texts(self) -> int:
        """The rows of `content` that go."""
        return self.shares[CONTENT].past

    @property
    def rejects(self) -> int:
        """The rejected lines that go."""
        return self.shares[REJECTED_LINES].past


def find_past_term(storage: Storage, files: Iterable[LandedFile], terms: Terms) -> list[PastTerm]:
    """Find what is past its term of these landing files, in their order."""
    latest = terms.latest(Term.CONTENT)
    if latest is None:
        return []
    with storage.warehouse.connect() as connection:
        with_old_events = landed_files.paths_with_events_before(connection, latest)
    candidates = [
        file
        for file in files
        if (file.landing_day < latest or file.path in with_old_events) and _is_left(storage, file)
    ]
    with session(storage.engine) as duck:
        _register_terms(duck, terms)
        shares = {spec: _shares(storage, duck, spec, candidates) for spec in _DAYS}
    found = (_past_term(storage, file, shares, terms) for file in candidates)
    return [entry for entry in found if entry.file_goes or entry.texts or entry.rejects]


def _is_left(storage: Storage, file: LandedFile) -> bool:
    """Return True if there is anything of the file that could be removed."""
    return _is_there(storage, file) or any(_object(storage, spec, file) for spec in (CONTENT, REJECTED_LINES))


def _past_term(
    storage: Storage, file: LandedFile, shares: Mapping[TableSpec, Mapping[str, Share]], terms: Terms
) -> PastTerm:
    own = {spec: shares[spec].get(file.path, Share()) for spec in shares}
    texts = {spec: own[spec] for spec in (CONTENT, REJECTED_LINES)}
    first = terms.first_kept(Term.CONTENT, _folder_tenant(file.path))
    is_old = first is not None and file.landing_day < first
    is_landed_whole = own[LANDED_EVENTS].found == file.accepted
    goes = (
        is_old and is_landed_whole and _is_there(storage, file) and not any(share.left for share in own.values())
    )
    freed = file.size if goes else 0
    for spec, share in texts.items():
        path = _object(storage, spec, file)
        freed += path.stat().st_size * share.past // share.found if path and share.past else 0
    return PastTerm(file, texts, goes, freed)


def prune_day(storage: Storage, day: date, terms: Terms, by: str) -> list[PastTerm]:
    """Remove what is past its term of the files of a landing day, and return it.

    What goes is recorded before it is removed. After a kill the next call finds the rest. Raises LockTimeoutError
    if the day is landing, and PartitionError if an object does not have the rows that it should.
    """
    locks = partition_locks(storage.warehouse, LANDED_EVENTS.name, [day], storage.settings.lock_timeout_seconds)
    with locks as connection:
        found = find_past_term(storage, landed_files.files(connection, [day]), terms)
        now = storage.settings.clock.now
        landed_files.record_files(connection, [_marked(entry, now) for entry in found])
        audit.record(connection, *(_entry(entry, terms, now, by) for entry in found))
        connection.commit()
        with session(storage.engine) as duck:
            _register_terms(duck, terms)
            for entry in found:
                _remove(storage, duck, entry)
        remaining = find_past_term(storage, landed_files.files(connection, [day]), terms)
    if remaining:
        raise PartitionError(
            f"{remaining[0].file.path}: something past its term is still there after it was removed. Is the disk "
            "at fault? Otherwise this is a fault of the pipeline: please report it."
        )
    return found


def _marked(entry: PastTerm, now: datetime) -> LandedFile:
    gone = entry.file.rejected - entry.shares[REJECTED_LINES].left if entry.rejects else entry.file.rejects_pruned
    return replace(entry.file, rejects_pruned=gone, pruned_at=now if entry.file_goes else entry.file.pruned_at)


def _entry(entry: PastTerm, terms: Terms, now: datetime, by: str) -> AuditEntry:
    details = {
        "texts": entry.texts,
        "rejected_lines": entry.rejects,
        "file": entry.file_goes,
        "as_of": str(terms.day),
    }
    return AuditEntry(now, by, Action.PRUNED, entry.file.path, "past the retention of its tenants", details)


def _remove(storage: Storage, duck: DuckDBPyConnection, entry: PastTerm) -> None:
    for spec, share in entry.shares.items():
        path = _object(storage, spec, entry.file)
        if path is not None and share.past:
            _remove_rows(storage, duck, spec, path, share)
    if entry.file_goes:
        landing_file = storage.settings.landing / entry.file.path
        landing_file.unlink(missing_ok=True)
        _remove_empty_folders(landing_file, storage.settings.landing)


def _remove_rows(storage: Storage, duck: DuckDBPyConnection, spec: TableSpec, path: Path, share: Share) -> None:
    if not share.left:
        path.unlink()
        return
    _register_rows(duck, spec, [path], "*")
    storage.lake.replace(path, partial(_copy_left, duck, share.left))


def _copy_left(duck: DuckDBPyConnection, expected: int, path: Path) -> None:
    select = f"SELECT * EXCLUDE (day, is_past) FROM ({_MARKED.text}) AS marked WHERE NOT is_past"
    copied = duck.execute(f"COPY ({select}) TO {literal(str(path))} ({PARQUET})").fetchall()[0][0]
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


def _shares(
    storage: Storage, duck: DuckDBPyConnection, spec: TableSpec, files: Collection[LandedFile]
) -> dict[str, Share]:
    objects = [path for file in files if (path := _object(storage, spec, file)) is not None]
    if not objects:
        return {}
    _register_rows(duck, spec, objects, "landing_file, tenant_id")
    counts = (
        f"SELECT landing_file, count(*), count(*) FILTER (is_past) FROM ({_MARKED.text}) AS marked GROUP BY ALL"
    )
    return {path: Share(found, past) for path, found, past in duck.execute(counts).fetchall()}


def _register_rows(duck: DuckDBPyConnection, spec: TableSpec, objects: Collection[Path], names: str) -> None:
    duck.execute(
        "CREATE OR REPLACE TEMP VIEW dated_rows AS "
        f"SELECT {names}, {_DAYS[spec]} AS day FROM {parquet_scan(objects)}"
    )


def _register_terms(duck: DuckDBPyConnection, terms: Terms) -> None:
    register_rows(duck, "first_kept", _FIRST_KEPT, list(map(list, terms.listed(Term.CONTENT).items())))
    of_all = [[terms.of_others(Term.CONTENT), terms.first_kept(Term.CONTENT, None)]]
    register_rows(duck, "terms", _TERMS, of_all)


def _object(storage: Storage, spec: TableSpec, file: LandedFile) -> Path | None:
    """Return the file's object in a table, if it has one."""
    if file.object_name is None:
        return None
    path = storage.lake.object(spec, file.landing_day, file.object_name)
    return path if storage.lake.exists(path) else None


def _is_there(storage: Storage, file: LandedFile) -> bool:
    """Return True if the landing file is there as it landed; a changed one is to land first."""
    try:
        found = (storage.settings.landing / file.path).stat()
    except OSError:
        return False
    return (found.st_size, found.st_mtime_ns) == (file.size, file.mtime_ns)


def _folder_tenant(path: str) -> str | None:
    _, _, *folders, _ = path.split("/")
    return folders[0] if folders else None
