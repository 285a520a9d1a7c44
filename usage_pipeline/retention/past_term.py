"""Finds what of landing files is past its term: the files themselves, and their rows in the lake."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from duckdb import DuckDBPyConnection
from sqlalchemy import Connection

from usage_pipeline.events.record import CONTENT, LANDED_EVENTS, REJECTED_LINES
from usage_pipeline.retention.terms import Terms
from usage_pipeline.storage import landed_days, landed_files, pruned
from usage_pipeline.storage.daily import SqlFile
from usage_pipeline.storage.engine import parquet_scan, session
from usage_pipeline.storage.landed_days import LandedShare
from usage_pipeline.storage.landed_files import LandedFile
from usage_pipeline.storage.landed_rows import day_list
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.rows import register_rows
from usage_pipeline.storage.tables import TableSpec, Term, columns

MARKED = SqlFile.beside(__file__, "marked_rows")
_LANDING_DAY = "CAST(split_part(landing_file, '/', 2) AS DATE)"
DATED = {
    CONTENT: "event_day AS day, true AS has_record, 0 AS reach",
    REJECTED_LINES: f"{_LANDING_DAY} AS day, true AS has_record, 0 AS reach",
    LANDED_EVENTS: "event_day AS day, type IS NOT NULL AS has_record, coalesce(within_days, 0) AS reach",
}
"""The day by which a row's term counts, whether more than its id is left, and the days that the id stays on."""
_FIRST_KEPT = columns(
    ("tenant_id", "VARCHAR", "Tenant."),
    ("content", "DATE", "The first day of which its texts are kept; null if all are."),
    ("records", "DATE", "The same of its records."),
    ("pruned", "DATE", "The first day of which its records are there; null if none is pruned."),
)
_OTHERS = columns(
    ("content", "DATE", "Of tenants that are not listed."),
    ("records", "DATE", "The same of their records."),
    ("content_of_unknown", "DATE", "Of rows without a tenant."),
)
_REACHES = columns(
    ("source", "VARCHAR", ""), ("within_days", "INTEGER", "Its ids are unique within so many days.")
)


@dataclass(frozen=True)
class Share:
    """The rows of a landing file in a table of texts, and those of them that are past their term."""

    found: int = 0
    past: int = 0

    @property
    def left(self) -> int:
        """The rows that stay."""
        return self.found - self.past


@dataclass(frozen=True)
class Events:
    """The landed events of a landing file that the lake has."""

    kept: int = 0
    """Those whose records are kept."""
    with_text: int = 0
    """Those of them whose texts are within their term."""
    due: int = 0
    """Those whose records are past their term."""
    pruned: int = 0
    """Those whose records are pruned, and that are still there."""
    ids: int = 0
    """Those of which an id is left that nothing is compared with any more."""
    compared: int = 0
    """Those pruned of which the id stays, because lines of days nearby are compared with it."""


_COUNTED = (
    "NOT is_pruned",
    "NOT is_pruned AND NOT is_past",
    "NOT is_pruned AND is_past_record",
    "is_pruned AND has_record",
    "is_pruned AND NOT has_record AND NOT is_compared",
    "is_compared",
)
"""The conditions of the fields of `Events`."""


@dataclass(frozen=True)
class PastTerm:
    """What of a landing file is past its term."""

    file: LandedFile
    shares: Mapping[TableSpec, Share] = field(hash=False)
    """Of `content` and `rejected_lines`."""
    events: Events
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

    @property
    def removable(self) -> bool:
        """True if there is something to remove now."""
        return bool(self.file_goes or self.texts or self.rejects or self.events.pruned or self.events.ids)


class Finder:
    """Finds what is past its term in a session of DuckDB, by the terms and by what is pruned already."""

    def __init__(self, storage: Storage, connection: Connection, duck: DuckDBPyConnection, terms: Terms) -> None:
        """Make the terms readable."""
        self._storage = storage
        self._connection = connection
        self._terms = terms
        self.duck = duck
        register_terms(duck, terms, pruned.first_kept_days(connection))
        register_rows(duck, "reaches", _REACHES, landed_files.reaches(connection).items())

    def find(self, files: Iterable[LandedFile]) -> list[PastTerm]:
        """Find what is past its term of these landing files, in their order."""
        candidates = self._candidates(files)
        shares = {spec: self._shares(spec, candidates) for spec in (CONTENT, REJECTED_LINES)}
        events = self._events(candidates)
        found = (self._past_term(file, shares, events.get(file.path, Events())) for file in candidates)
        return [entry for entry in found if entry.removable or entry.events.due]

    def register_events(self, shares: Collection[LandedShare]) -> None:
        """Make the landed events of some files and days readable as `marked`, counted by file, day and tenant."""
        paths = {
            self._storage.lake.object(LANDED_EVENTS, share.landing_day, share.object_name) for share in shares
        }
        present = [path for path in sorted(paths) if self._storage.lake.exists(path)]
        self.register(LANDED_EVENTS, present, "landing_file, tenant_id")
        days = day_list({share.event_day for share in shares})
        self.duck.execute(
            "CREATE TEMP TABLE marked AS SELECT landing_file, day, tenant_id, is_past_record, is_pruned, "
            f"count(*) AS rows FROM ({MARKED.text}) WHERE day IN {days} GROUP BY ALL"
        )

    def register(self, spec: TableSpec, objects: Collection[Path], names: str) -> None:
        """Make the rows of these objects readable as `dated_rows`."""
        joined = "LEFT JOIN reaches USING (source)" if spec is LANDED_EVENTS else ""
        rows = parquet_scan(objects) if objects else f"({spec.empty_select()})"
        select = f"SELECT {names}, {DATED[spec]} FROM {rows} AS landed {joined}"
        self.duck.execute(f"CREATE OR REPLACE TEMP VIEW dated_rows AS {select}")

    def _candidates(self, files: Iterable[LandedFile]) -> list[LandedFile]:
        texts, records = (self._with_events_before(term) for term in (Term.CONTENT, Term.RECORDS))
        latest = self._terms.latest(Term.CONTENT) or date.min
        return [
            file
            for file in files
            if ((file.landing_day < latest or file.path in texts) and self._has_texts(file))
            or (file.path in records and find_object(self._storage, LANDED_EVENTS, file))
        ]

    def _with_events_before(self, term: Term) -> set[str]:
        latest = self._terms.latest(term)
        return landed_days.paths_with_events_before(self._connection, latest) if latest else set()

    def _has_texts(self, file: LandedFile) -> bool:
        """Return True if there is a text of the file that could be removed."""
        return is_there(self._storage, file) or any(
            find_object(self._storage, spec, file) for spec in (CONTENT, REJECTED_LINES)
        )

    def _objects(self, spec: TableSpec, files: Iterable[LandedFile]) -> list[Path]:
        return [path for file in files if (path := find_object(self._storage, spec, file)) is not None]

    def _shares(self, spec: TableSpec, files: Collection[LandedFile]) -> dict[str, Share]:
        self.register(spec, self._objects(spec, files), "landing_file, tenant_id")
        counts = f"SELECT landing_file, count(*), count(*) FILTER (is_past) FROM ({MARKED.text}) GROUP BY ALL"
        return {path: Share(found, past) for path, found, past in self.duck.execute(counts).fetchall()}

    def _events(self, files: Collection[LandedFile]) -> dict[str, Events]:
        self.register(LANDED_EVENTS, self._objects(LANDED_EVENTS, files), "landing_file, tenant_id")
        counts = ", ".join(f"count(*) FILTER ({condition})" for condition in _COUNTED)
        counts = f"SELECT landing_file, {counts} FROM ({MARKED.text}) GROUP BY ALL"
        return {path: Events(*found) for path, *found in self.duck.execute(counts).fetchall()}

    def _past_term(
        self, file: LandedFile, shares: Mapping[TableSpec, Mapping[str, Share]], events: Events
    ) -> PastTerm:
        texts = {spec: shares[spec].get(file.path, Share()) for spec in shares}
        first = self._terms.first_kept(Term.CONTENT, _folder_tenant(file.path))
        is_old = first is not None and file.landing_day < first
        is_landed_whole = events.kept == file.accepted_left
        is_needed = events.with_text or any(share.left for share in texts.values())
        goes = is_old and is_landed_whole and is_there(self._storage, file) and not is_needed
        return PastTerm(file, texts, events, goes, self._freed(file, texts, events) + (file.size if goes else 0))

    def _freed(self, file: LandedFile, texts: Mapping[TableSpec, Share], events: Events) -> int:
        going = {spec: (share.past, share.found) for spec, share in texts.items()}
        going[LANDED_EVENTS] = (events.due + events.pruned, events.kept + events.pruned)
        sizes = {spec: path.stat().st_size for spec in going if (path := find_object(self._storage, spec, file))}
        return sum(size * going[spec][0] // max(going[spec][1], 1) for spec, size in sizes.items())


def find_past_term(
    storage: Storage, connection: Connection, files: Iterable[LandedFile], terms: Terms
) -> list[PastTerm]:
    """Find what is past its term of these landing files, in their order."""
    with session(storage.engine) as duck:
        return Finder(storage, connection, duck, terms).find(files)


def register_terms(duck: DuckDBPyConnection, terms: Terms, first_kept: Mapping[str, date]) -> None:
    """Make the first days that are kept readable, by the terms, and by what is pruned already."""
    tenants = sorted({*terms.listed(Term.RECORDS), *first_kept})
    by_term = {term: {name: terms.first_kept(term, name) for name in tenants} for term in _TERMS}
    own = [[name, *(by_term[term][name] for term in _TERMS), first_kept.get(name)] for name in tenants]
    register_rows(duck, "first_kept", _FIRST_KEPT, own)
    others = [*(terms.of_others(term) for term in _TERMS), terms.first_kept(Term.CONTENT, None)]
    register_rows(duck, "others", _OTHERS, [others])


_TERMS = (Term.CONTENT, Term.RECORDS)


def find_object(storage: Storage, spec: TableSpec, file: LandedFile) -> Path | None:
    """Return the file's object in a table, if it has one."""
    if file.object_name is None:
        return None
    path = storage.lake.object(spec, file.landing_day, file.object_name)
    return path if storage.lake.exists(path) else None


def is_there(storage: Storage, file: LandedFile) -> bool:
    """Return True if the landing file is there as it landed; a changed one is to land first."""
    try:
        found = (storage.settings.landing / file.path).stat()
    except OSError:
        return False
    return (found.st_size, found.st_mtime_ns) == (file.size, file.mtime_ns)


def _folder_tenant(path: str) -> str | None:
    _, _, *folders, _ = path.split("/")
    return folders[0] if folders else None
