"""Counts what there is of a tenant, by place, and what becomes of it."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePath
from typing import Any

from sqlalchemy import Select, false, func, null, or_, select

from usage_pipeline.costs.book.tables import PRICE_BOOKS
from usage_pipeline.credits.rate_tables import CREDIT_RATE_VERSIONS
from usage_pipeline.events.landing.blanking import count_records
from usage_pipeline.events.record import CONTENT, LANDING_TABLES, REJECTED_LINES
from usage_pipeline.reports.folders import REQUESTS, tenant_folder
from usage_pipeline.retention.erasure.landing import compression_of, is_csv
from usage_pipeline.retention.erasure.subject import Subject, Word
from usage_pipeline.retention.erasure.sums import is_named, texts_of
from usage_pipeline.retention.erasure.texts import databases, files_in, is_replaced, rows_with, text_columns
from usage_pipeline.retention.erasure.traces import find_traces, is_of_tenant, is_trace, may_hold, name_of
from usage_pipeline.storage import landed_files
from usage_pipeline.storage.engine import parquet_scan, session
from usage_pipeline.storage.landed_files import FileState
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import warehouse_table
from usage_pipeline.storage.tables import SCHEMA, TableSpec, Zone

OF_FILES = {f"{SCHEMA}.{name}" for name in ("landing_files", "landing_event_days", "line_tallies")}
"""Tables whose rows go with the files that they are about."""

PINNED = (PRICE_BOOKS.place, CREDIT_RATE_VERSIONS.place)
"""Tables with what people wrote of prices and rates, by which days are computed: they stay, like the files."""

FILE_NAMES = "file names"
_REPLACED, _KEPT = "replaced", "kept"


@dataclass(frozen=True)
class Count:
    """How many of something a place has, and what becomes of it."""

    place: str
    what: str
    """`files`, `lines`, `rows`, `values` or `file names`."""
    becomes: str
    """`removed`, `blanked`, `summed`, `renamed`, `replaced` or `kept`."""
    number: int


def count_traces(storage: Storage, specs: Sequence[TableSpec], subject: Subject, word: Word) -> list[Count]:
    """Count what an erasure would remove, sum or replace; places without anything are left out."""
    counts = [
        *_in_landing(storage, subject, word),
        *(_in_table(storage, spec, subject, word) for spec in specs if spec.of_erased),
        *_in_texts(storage, specs, subject, word),
        *_in_folders(storage, subject, word),
    ]
    return [count for count in counts if count.number]


def is_known(counts: Iterable[Count]) -> bool:
    """Return True if something is the tenant's or member's own; a text with the word is not enough."""
    return any(count.becomes not in {_REPLACED, _KEPT} for count in counts)


def tenant_folders(subject: Subject) -> list[PurePath]:
    """Return the folders of reports that may name a tenant or its members, within the data directory."""
    return [tenant_folder(subject.tenant_id), tenant_folder(None)]


def request_files(storage: Storage, subject: Subject, word: Word) -> list[Path]:
    """Return the requests for reports, and their answers, that hold the id; of a member, beside its tenant's."""
    found = ((path, path.read_text(errors="replace")) for path in files_in(storage.settings.data_dir / REQUESTS))
    beside = subject.tenant
    return [path for path, text in found if word.found_in(text) and (beside is None or beside.found_in(text))]


def tables_with_tenants(specs: Collection[TableSpec]) -> set[str]:
    """Return the tables of the warehouse whose rows are all of tenants; they are no texts to search for an id."""
    of_warehouse = (spec for spec in specs if spec.zone is Zone.WAREHOUSE)
    return {spec.place for spec in of_warehouse if spec.tenant_column and spec.tenant_column not in spec.nullable}


def _in_landing(storage: Storage, subject: Subject, word: Word) -> Iterator[Count]:
    with storage.warehouse.connect() as connection, session(storage.engine) as duck:
        files = landed_files.files(connection)
        traces = find_traces(storage, duck, files, subject, word)
    there = [file for file in files if (storage.settings.landing / file.path).exists()]
    own = [file for file in there if is_of_tenant(file.path, subject, word)]
    lines = sum(
        count_records(
            storage.settings.landing / file.path,
            compression_of(file.path),
            partial(traces.chosen, file.path),
            is_csv=is_csv(file.path),
        )
        for file in there
        if not is_of_tenant(file.path, subject, word) and file.state is not FileState.FAILED
    )
    yield Count("landing", "files", "removed", len(own))
    yield Count("landing", "lines", "blanked", lines)
    if subject.member_id is not None:
        names = [name_of(file.path) for file in files if may_hold(file.path, subject)]
        yield Count("landing", FILE_NAMES, _KEPT, sum(map(Word(word.text, word.others).found_in, names)))


def _in_table(storage: Storage, spec: TableSpec, subject: Subject, word: Word) -> Count:
    becomes = _becomes(spec, subject)
    if spec.zone is Zone.WAREHOUSE:
        table = warehouse_table(spec)
        of_tenant = table.c.tenant_id == subject.tenant_id
        if subject.member_id is not None:
            texts = [table.c[name] for name in texts_of(spec)]
            holding = or_(false(), *(text.contains(subject.member_id, autoescape=True) for text in texts))
            number = _rows_with(storage, select(*texts, null()).where(of_tenant, holding), word)
            return Count(spec.place, "rows", becomes, number)
        with storage.warehouse.connect() as connection:
            rows = select(func.count()).select_from(table).where(of_tenant)
            return Count(spec.place, "rows", becomes, connection.execute(rows).scalar_one())
    objects = sorted((storage.settings.data_dir / spec.zone / spec.name).glob("*/*.parquet"))
    if not objects:
        return Count(spec.place, "rows", becomes, 0)
    is_landing = spec in LANDING_TABLES
    condition = is_trace(spec, subject, word) if is_landing else is_named(spec, subject, word)
    with session(storage.engine) as duck:
        counted = duck.execute(f"SELECT count(*) FROM {parquet_scan(objects)} AS landed WHERE {condition}")
        return Count(spec.place, "rows", becomes, counted.fetchall()[0][0])


def _rows_with(storage: Storage, query: Select[Any], word: Word) -> int:
    """Count the rows in which the id stands as a word in a column."""
    with storage.warehouse.connect() as connection:
        rows = connection.execute(query)
        return sum(any(word.found_in(value) for value in row if value is not None) for row in rows)


def _becomes(spec: TableSpec, subject: Subject) -> str:
    if subject.member_id is not None and spec not in {CONTENT, REJECTED_LINES}:
        return "renamed"
    return spec.of_erased or ""


def _in_texts(storage: Storage, specs: Collection[TableSpec], subject: Subject, word: Word) -> Iterator[Count]:
    kept = {*tables_with_tenants(specs), *OF_FILES, *PINNED, f"{SCHEMA}.erasures"}
    with databases(storage) as engines:
        for name, engine in engines.items():
            with engine.connect() as connection:
                for column in text_columns(connection):
                    if f"{column.schema}.{column.table}" not in kept:
                        found = rows_with(connection, column, word)
                        number = sum(is_replaced(text, owner, subject) for _, text, owner in found)
                        yield Count(f"{name}: {column.place}", "values", _REPLACED, number)


def _in_folders(storage: Storage, subject: Subject, word: Word) -> Iterator[Count]:
    logs = [
        path for path in files_in(storage.settings.dagster_dir) if word.found_in(path.read_text(errors="replace"))
    ]
    yield Count("dagster", "files", _REPLACED, len(logs) if subject.member_id is None else 0)
    for folder in tenant_folders(subject):
        files = list(files_in(storage.settings.data_dir / folder))
        # Counts are kept, so the place does not name who is erased.
        place = folder if folder == tenant_folder(None) else folder.parent
        yield Count(str(place), "files", "removed", len(files))
    yield Count(REQUESTS, "files", "removed", len(request_files(storage, subject, word)))
