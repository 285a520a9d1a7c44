"""Searches all that is stored for an id: Parquet, landing and other files, and each column of both databases."""

import gzip
import lzma
import os
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path, PurePath

import duckdb
from duckdb import DuckDBPyConnection
from duckdb import Error as DuckDBError

from usage_pipeline.clock import is_day
from usage_pipeline.errors import UnreadableFileError
from usage_pipeline.events.landing.blanking import count_records
from usage_pipeline.events.landing.blocks import read_blocks
from usage_pipeline.reports.folders import REQUESTS, tenant_folder
from usage_pipeline.retention.erasure.counting import PINNED, tenant_folders
from usage_pipeline.retention.erasure.landing import compression_of, is_csv
from usage_pipeline.retention.erasure.subject import Subject, Word
from usage_pipeline.retention.erasure.texts import TextColumn, databases, files_in, rows_with, text_columns
from usage_pipeline.retention.erasure.traces import Traces, find_traces, may_hold
from usage_pipeline.storage import landed_files
from usage_pipeline.storage.engine import parquet_scan, session
from usage_pipeline.storage.landed_files import LandedFile
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.tables import ERASED_TENANT, Zone

OUT_OF_SCOPE = ("postgres", "reference", "tmp")
"""Folders of the data directory that are not searched: database files, what people edit, and temporaries."""

WITHIN = frozenset({"usage.erasures.subject_tenant", "usage.erasures.subject_member"})
"""Columns that name who is erased until it is done."""
MARK = "usage.pruned_tenants.tenant_id"
_OF_OBJECTS = (Zone.LAKE, Zone.ROLLUPS)
_PACKED = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
_BLOCK = 1 << 22
_OBJECTS = 1_000
_CUT_WORD = re.compile(rb"^\w+")


@dataclass(frozen=True)
class Found:
    """Places where an id stands, with the number of rows, lines or files."""

    left: Counter[str]
    """Traces of who is erased."""
    mentions: Counter[str]
    """Rows and lines of other tenants that hold the id as a word; they are not changed."""


def search(storage: Storage, subject: Subject, word: Word) -> Found:
    """Search everything that is stored below the data directory and in both databases."""
    found, reports = Found(Counter(), Counter()), _reports_of_others(subject, word)
    _search_parquet(storage, subject, word, found)
    _search_landing(storage, subject, word, found)
    for inside in _other_files(storage, OUT_OF_SCOPE, subject, word):
        if inside.parts[:2] not in reports:
            found.left[str(inside)] += 1
        elif subject.member_id is None:
            found.mentions[str(inside)] += 1
    with databases(storage) as engines:
        for name, engine in engines.items():
            with engine.connect() as connection:
                for column in text_columns(connection):
                    if column.place not in WITHIN and f"{column.schema}.{column.table}" not in PINNED:
                        rows = [
                            whose
                            for _, text, whose in rows_with(connection, column, word)
                            if whose is not None or _is_named(text, subject, word)
                        ]
                        _count(found, f"{name}: {column.place}", rows, subject, column)
    return found


def unknown_files(storage: Storage, subject: Subject, word: Word) -> list[str]:
    """Return the files with the id that an erasure would not change, because the pipeline did not write them."""
    is_member = subject.member_id is not None
    written = (*OUT_OF_SCOPE, *Zone, REQUESTS, storage.settings.limits_dir.name, storage.settings.dagster_dir.name)
    reports = {folder.parts for folder in tenant_folders(subject)} | _reports_of_others(subject, word)
    others = [
        str(inside) for inside in _other_files(storage, written, subject, word) if inside.parts[:2] not in reports
    ]
    with storage.warehouse.connect() as connection:
        known = {file.path for file in landed_files.files(connection)}
    landing = [
        f"landing/{inside}"
        for path, inside in _landing_files(storage)
        if inside not in known
        and (is_member or not _goes(inside, subject))
        and (_is_named(inside, subject, word) or _is_in_file(path, subject, word))
    ]
    return others + landing


def _reports_of_others(subject: Subject, word: Word) -> set[tuple[str, ...]]:
    """Return the folders of reports of other tenants: what their reports say is theirs."""
    return {tenant_folder(tenant).parts for tenant in (word.strangers if subject.tenant else word.others)}


def _goes(inside: str, subject: Subject) -> bool:
    """Return True if a path of the landing folder lies in a tenant's folder of a landing day."""
    _, day, *folders = [*inside.split("/"), ""][:3]
    return folders == [subject.tenant_id] and is_day(day)


def _other_files(
    storage: Storage, passed_over: Collection[str], subject: Subject, word: Word
) -> Iterator[PurePath]:
    """Yield the paths of files with the id in the data directory, but for landing files and objects of tables."""
    for path in files_in(storage.settings.data_dir):
        inside = path.relative_to(storage.settings.data_dir)
        is_object = inside.parts[0] in _OF_OBJECTS and path.suffix == ".parquet"
        is_searched = inside.parts[0] not in {*passed_over, "landing"} and not is_object
        if is_searched and (_is_named(str(inside), subject, word) or _is_in_file(path, subject, word)):
            yield inside


def _count(found: Found, place: str, owners: Collection[str | None], subject: Subject, column: TextColumn) -> None:
    """Count rows by whose they are; the mark of an erasure that is not done yet is none."""
    mine = {subject.tenant_id, None, *([ERASED_TENANT] if subject.member_id is None else [])}
    left = sum(owner in mine for owner in owners)
    if column.place == MARK:
        left -= sum(owner == subject.tenant_id for owner in owners)
    if left:
        found.left[place] += left
    others = sum(owner not in mine for owner in owners)
    if others and subject.member_id is None:
        found.mentions[place] += others


def _is_named(text: str, subject: Subject, word: Word) -> bool:
    """Return True if a text holds the id; that of a member counts beside its tenant's only."""
    return word.found_in(text) and (subject.tenant is None or subject.tenant.found_in(text))


def _search_parquet(storage: Storage, subject: Subject, word: Word, found: Found) -> None:
    folders = [storage.settings.data_dir / zone for zone in _OF_OBJECTS]
    searched = [path for folder in folders for path in files_in(folder) if path.suffix == ".parquet"]
    for folder, group in groupby(searched, key=lambda path: path.parent.parent):
        objects = list(group)
        for start in range(0, len(objects), _OBJECTS):
            with session(storage.engine) as duck:
                place = str(folder.relative_to(storage.settings.data_dir))
                _search_objects(duck, objects[start : start + _OBJECTS], (subject, word), place, found)


def _search_objects(
    duck: DuckDBPyConnection, objects: Collection[Path], who: tuple[Subject, Word], place: str, found: Found
) -> None:
    subject, word = who
    rows = parquet_scan(objects, "union_by_name = true")
    columns = duck.execute(f"DESCRIBE FROM {rows}").fetchall()
    texts = [name for name, kind, *_ in columns if kind == "VARCHAR"]
    owner = "tenant_id" if "tenant_id" in texts else "NULL"
    held = f"SELECT {owner}, count(*) FROM {rows} WHERE {word.sql_of(texts)} GROUP BY ALL"
    counted = duck.execute(held).fetchall()
    for tenant, number in counted:
        if tenant == subject.tenant_id:
            found.left[place] += number
        elif subject.member_id is None:
            is_left = tenant is None or tenant == ERASED_TENANT or word.found_in(tenant)
            (found.left if is_left else found.mentions)[place] += number


def _search_landing(storage: Storage, subject: Subject, word: Word, found: Found) -> None:
    with storage.warehouse.connect() as connection, session(storage.engine) as duck:
        known = {file.path: file for file in landed_files.files(connection)}
        traces = find_traces(storage, duck, list(known.values()), subject, word)
    for path, inside in _landing_files(storage):
        if _is_named(inside, subject, word):
            found.left[f"landing/{inside}"] += 1
        elif inside in known:
            _search_lines(path, known[inside], subject, traces, found)
        elif _is_in_file(path, subject, word):
            found.left[f"landing/{inside}"] += 1


def _landing_files(storage: Storage) -> Iterator[tuple[Path, str]]:
    """Yield the files of the landing folder, and the paths within it."""
    for path in files_in(storage.settings.landing):
        if os.path.lexists(path):
            yield path, path.relative_to(storage.settings.landing).as_posix()


def _search_lines(path: Path, file: LandedFile, subject: Subject, traces: Traces, found: Found) -> None:
    count = partial(count_records, path, compression_of(file.path), is_csv=is_csv(file.path))
    try:
        left = count(partial(traces.chosen, file.path))
        mentions = count(partial(traces.mentions, file.path))
    except UnreadableFileError:
        left, mentions = int(may_hold(file.path, subject)), 0
    if left:
        found.left[f"landing/{file.path}"] += left
    if mentions and subject.member_id is None:
        found.mentions[f"landing/{file.path}"] += mentions


def _is_in_file(path: Path, subject: Subject, word: Word) -> bool:
    """Return True if an id stands in a file, unpacked if it is packed, as far as it can be read."""
    if path.suffix == ".parquet":
        with suppress(DuckDBError):
            return _is_in_rows(path, subject, word)
    if zipfile.is_zipfile(path):
        return _is_in_archive(path, subject, word)
    with suppress(UnreadableFileError):
        return any(_is_named(text, subject, word) for text in _texts(path))
    return False


def _is_in_rows(path: Path, subject: Subject, word: Word) -> bool:
    """Return True if an id stands in a row of a Parquet file that is no object of a table."""
    held = " AND ".join(name.sql("CAST(held AS VARCHAR)") for name in (word, subject.tenant) if name is not None)
    with duckdb.connect() as duck:
        found = duck.execute(f"SELECT 1 FROM {parquet_scan([path])} AS held WHERE {held} LIMIT 1")
        return bool(found.fetchall())


def _is_in_archive(path: Path, subject: Subject, word: Word) -> bool:
    """Return True if an id stands in an archive, as far as it is neither encrypted nor damaged."""
    with suppress(*_NOT_UNZIPPED), zipfile.ZipFile(path) as archive:
        return any(
            _is_named(f"{name}\n{_unpacked(_member(archive, name)).decode(errors='replace')}", subject, word)
            for name in archive.namelist()
        )
    return False


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    with suppress(*_NOT_UNZIPPED):
        return archive.read(name)
    return b""


_NOT_UNZIPPED = (zipfile.BadZipFile, RuntimeError, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError)
"""What the library raises for what it cannot read, such as RuntimeError for what is encrypted."""


def _unpacked(content: bytes) -> bytes:
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error):
        return content


def _texts(path: Path) -> Iterator[str]:
    """Yield the text of a file in parts that overlap by more than an id is long."""
    rest = b""
    with path.open("rb") as stream:
        start = stream.read(max(map(len, _PACKED)))
    packed = next((name for magic, name in _PACKED.items() if start.startswith(magic)), None)
    for block in read_blocks(path, packed, _BLOCK):
        yield (rest + block).decode(errors="replace")
        rest = _CUT_WORD.sub(b"", (rest + block)[-1024:])
