"""The rows of a tenant in the objects of landing files, and the lines of landing files that are its own.

A line is the tenant's if an event or a rejected line of it stands there, and if it names the tenant and nothing of
anybody else stands there: such are lines that were skipped or superseded, or whose records are pruned.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from duckdb import DuckDBPyConnection
from numpy.typing import NDArray

from usage_pipeline.events.landing.blanking import Mask
from usage_pipeline.events.landing.division import Positions
from usage_pipeline.events.record import LANDING_TABLES, REJECTED_LINES
from usage_pipeline.retention.erasure.set_aside import find_set_aside
from usage_pipeline.retention.erasure.subject import BLANKS, Subject, Word
from usage_pipeline.retention.erasure.sums import is_named
from usage_pipeline.retention.past_term import find_object
from usage_pipeline.storage.engine import literal, parquet_scan
from usage_pipeline.storage.landed_files import LandedFile
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.tables import TableSpec

_BETWEEN_WORDS = r"[\"',;{}\[\]\s]+"
_NO_LINES: NDArray[np.int64] = np.empty(0, dtype=np.int64)


def is_trace(spec: TableSpec, subject: Subject, word: Word) -> str:
    """Return the SQL condition that a row of a landing table, read as `landed`, is the tenant's."""
    own = is_named(spec, subject, word)
    if spec is REJECTED_LINES:
        # Of a line without a tenant nobody knows whose it is, and it counts nowhere.
        named = f"{word.sql('landed.raw')} OR {word.sql('landed.found')}"
        own += f" OR (landed.tenant_id IS NULL AND ({named}) AND NOT {_names_strangers(subject, word)})"
        if subject.member_id is None:
            named = literal(subject.tenant_id)
            own += f" OR {trimmed('landed.tenant_id')} = {named}"
            own += f" OR (landed.reason = 'tenant_mismatch' AND {trimmed('landed.found')} = {named})"
    return f"coalesce({own}, false)"


def _names_strangers(subject: Subject, word: Word) -> str:
    """Return the SQL condition that a rejected line names another tenant, and not that of the member."""
    strangers = ", ".join(map(literal, sorted({*word.strangers} - {word.text})))
    if subject.tenant is None or not strangers:
        return "false"
    words = f"string_split_regex(landed.raw, {literal(_BETWEEN_WORDS)})"
    return f"(coalesce(list_has_any({words}, [{strangers}]), false) AND NOT {subject.tenant.sql('landed.raw')})"


def trimmed(value: str) -> str:
    """Return the SQL of a value without white space around: a rejected line may have some."""
    return f"trim({value}, {literal(BLANKS)})"


def is_in_folder(path: str, subject: Subject) -> bool:
    """Return True if a landing file lies in the tenant's folder."""
    return subject.tenant_id in folders_in(path)


def may_hold(path: str, subject: Subject) -> bool:
    """Return True if a file may hold lines to be erased and is left itself: it lies in the folder of no other."""
    folders = folders_in(path)
    return not folders or (subject.member_id is not None and subject.tenant_id in folders)


def name_of(path: str) -> str:
    """Return the name of a landing file, as it stands in paths."""
    return path[path.rfind("/") :]


def folders_in(path: str) -> list[str]:
    """Return the folder of a tenant in which a landing file lies, if it does."""
    return path.split("/")[2:-1]


def is_of_tenant(path: str, subject: Subject, word: Word) -> bool:
    """Return True if a file lies in the tenant's folder, or in none and is named after it: it goes as a whole."""
    if subject.member_id is not None:
        return False
    return is_in_folder(path, subject) or (not folders_in(path) and word.found_in(name_of(path)))


@dataclass(frozen=True)
class Traces:
    """The numbers of lines with rows of the tenant, and with rows of others, by landing file."""

    own: Mapping[str, NDArray[np.int64]]
    others: Mapping[str, NDArray[np.int64]]
    word: Word
    tenant: Subject | None = None
    """The tenant of a member, whose id means somebody else in the lines of other tenants."""

    def chosen(self, path: str, numbers: Positions, texts: pa.LargeStringArray) -> Mask:
        """Return which lines of a file are the tenant's."""
        is_own = np.isin(numbers, self.own.get(path, _NO_LINES))
        is_others = np.isin(numbers, self.others.get(path, _NO_LINES))
        return is_own | (self._named_in(path, texts) & ~is_others)

    def mentions(self, path: str, numbers: Positions, texts: pa.LargeStringArray) -> Mask:
        """Return which lines of others name the tenant."""
        return _holding(self.word, texts) & ~self.chosen(path, numbers, texts)

    def _named_in(self, path: str, texts: pa.LargeStringArray) -> Mask:
        named = _holding(self.word, texts)
        if self.tenant is None or is_in_folder(path, self.tenant):
            return named
        return named & _holding(Word(self.tenant.tenant_id), texts)


def _holding(word: Word, texts: pa.LargeStringArray) -> Mask:
    """Return which texts hold an id."""
    if word.longer:
        texts = pc.replace_substring_regex(texts, word.longer_pattern, "")
    found: Mask = pc.match_substring_regex(texts, word.pattern).to_numpy(zero_copy_only=False)
    return found


def find_traces(
    storage: Storage, duck: DuckDBPyConnection, files: Collection[LandedFile], subject: Subject, word: Word
) -> Traces:
    """Find the lines of these landing files by their rows in the lake."""
    own: dict[str, list[NDArray[np.int64]]] = {}
    others: dict[str, list[NDArray[np.int64]]] = {}
    for spec in LANDING_TABLES:
        objects = objects_of(storage, spec, files)
        if not objects:
            continue
        found = duck.sql(
            f"SELECT landing_file, {is_trace(spec, subject, word)} AS own, list(DISTINCT landing_line) AS lines "
            f"FROM {parquet_scan(objects)} AS landed WHERE {_decides(subject)} OR own GROUP BY ALL"
        ).to_arrow_table()
        for path, is_own, lines in zip(*(found[name] for name in found.column_names), strict=True):
            part = lines.values.to_numpy(zero_copy_only=False)
            (own if is_own.as_py() else others).setdefault(path.as_py(), []).append(part)
    for file, numbers in find_set_aside(storage, files, subject, word).items():
        own.setdefault(file, []).append(np.asarray(numbers, dtype=np.int64))
    tenant = None if subject.member_id is None else Subject(subject.tenant_id)
    return Traces(_joined(own), _joined(others), word, tenant)


def _decides(subject: Subject) -> str:
    """Return the condition that a row says that its line is of others. A tenant's own may name a member, too."""
    if subject.member_id is None:
        return "true"
    return f"landed.tenant_id IS DISTINCT FROM {literal(subject.tenant_id)}"


def objects_of(storage: Storage, spec: TableSpec, files: Iterable[LandedFile]) -> list[Path]:
    """Return the objects that these files have in a table."""
    return [path for file in files if (path := find_object(storage, spec, file)) is not None]


def _joined(found: Mapping[str, list[NDArray[np.int64]]]) -> dict[str, NDArray[np.int64]]:
    return {path: np.concatenate(parts) for path, parts in found.items()}
