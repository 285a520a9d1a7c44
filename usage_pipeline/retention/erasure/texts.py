"""Finds and replaces an id in texts: in every column of both databases, and in files that are no data.

Columns are those that the database lists, whoever made the tables.
"""

import json
import os
import zlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import OperationalError

from usage_pipeline.retention.erasure.subject import Subject, Word, spellings
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.postgres import database_urls

_COLUMNS = text("""
    SELECT columns.table_schema, columns.table_name, columns.column_name, columns.udt_name
    FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
    WHERE columns.table_schema NOT IN ('pg_catalog', 'information_schema') AND table_type = 'BASE TABLE'
    ORDER BY columns.table_schema, columns.table_name, columns.ordinal_position
""")
_TEXTS = frozenset({"text", "varchar", "bpchar", "json", "jsonb"})
_BYTES = "bytea"
_OWNER = "tenant_id"


@dataclass(frozen=True)
class TextColumn:
    """A column of a database that may hold texts."""

    schema: str
    table: str
    name: str
    kind: str
    owner: str | None = None
    """The column that says whose a row is, if the table has one."""

    @property
    def place(self) -> str:
        """The table and the column."""
        return f"{self.schema}.{self.table}.{self.name}"

    @property
    def relation(self) -> str:
        """The table in SQL."""
        return f'"{self.schema}"."{self.table}"'

    @property
    def value(self) -> str:
        """The value in SQL, as text or bytes."""
        return f'"{self.name}"' if self.kind == _BYTES else f'CAST("{self.name}" AS text)'


Texts = Mapping[tuple[str, str], str]
"""Values by place of the row: the table's and the row's own."""


@contextmanager
def databases(storage: Storage) -> Iterator[Mapping[str, Engine]]:
    """Open the warehouse and Dagster's database, each by its name; the second only if it is there."""
    engine = create_engine(database_urls(storage.settings).dagster)
    found = {"usage": storage.warehouse}
    try:
        with engine.connect():
            found["dagster"] = engine
    except OperationalError as error:
        if "does not exist" not in str(error):
            raise
    try:
        yield found
    finally:
        engine.dispose()


def text_columns(connection: Connection) -> list[TextColumn]:
    """Return the columns of all tables that may hold texts."""
    columns = [TextColumn(*row) for row in connection.execute(_COLUMNS)]
    owned = {column.relation for column in columns if column.name == _OWNER}
    return [
        replace(column, owner=_OWNER if column.relation in owned else None)
        for column in columns
        if column.kind.removeprefix("_") in _TEXTS | {_BYTES}
    ]


def rows_with(connection: Connection, column: TextColumn, word: Word) -> Iterator[tuple[str, str, str | None]]:
    """Yield the rows of a column in which an id stands: place of the row, text, and the tenant if there is one."""
    like = " OR ".join(f"position(:name{at} IN {column.value}) > 0" for at, _ in enumerate(spellings(word.text)))
    names: dict[str, Any] = {f"name{at}": name for at, name in enumerate(spellings(word.text))}
    where = "true" if column.kind == _BYTES else like
    of_tenant = f'"{column.owner}"' if column.owner else "NULL"
    query = text(f"SELECT CAST(ctid AS text), {column.value}, {of_tenant} FROM {column.relation} WHERE {where}")
    for place, value, owner in connection.execute(query, {} if column.kind == _BYTES else names):
        found = as_text(value)
        if word.found_in(found):
            yield place, found, owner


def is_replaced(text: str, owner: str | None, subject: Subject) -> bool:
    """Return True if the id in a text of a row goes, and the row stays.

    In rows of nobody the id of a member is meant beside its tenant's. Rows of others are theirs.
    """
    if owner is None:
        return subject.tenant is None or subject.tenant.found_in(text)
    return subject.member_id is not None and owner == subject.tenant_id


def replace_texts(engine: Engine, word: Word, kept: Collection[str], subject: Subject) -> dict[str, int]:
    """Put something else in the place of an id in all texts, and return how many values that were, by column.

    `kept` are tables and columns that other steps care for.
    """
    changed: dict[str, int] = {}
    with engine.begin() as connection:
        for column in text_columns(connection):
            is_kept = column.place in kept or f"{column.schema}.{column.table}" in kept
            if column.kind == _BYTES or column.name == _OWNER or is_kept:
                continue
            rows = [
                {"place": place, "value": word.removed_from(found)}
                for place, found, owner in rows_with(connection, column, word)
                if is_replaced(found, owner, subject)
            ]
            if rows:
                update = text(
                    f'UPDATE {column.relation} SET "{column.name}" = CAST(:value AS {_cast(column.kind)}) '
                    "WHERE ctid = CAST(:place AS tid)"
                )
                connection.execute(update, rows)
                changed[column.place] = len(rows)
    return changed


def _cast(kind: str) -> str:
    return f"{kind.removeprefix('_')}[]" if kind.startswith("_") else kind


def replace_in_files(folder: Path, word: Word, beside: Word | None) -> int:
    """Put something else in the place of an id in all files of a folder, and return how many these were."""
    changed = 0
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.is_symlink():
            continue
        before = path.read_bytes()
        found = before.decode(errors="surrogateescape")
        if word.found_in(found) and (beside is None or beside.found_in(found)):
            target = path.with_name(f".{path.name}.erasing.part")
            target.write_bytes(word.removed_from(found).encode(errors="surrogateescape"))
            target.chmod(path.stat().st_mode)
            target.replace(path)
            changed += 1
    return changed


def as_text(value: object) -> str:
    """Return a value of a database as text; what is compressed is unpacked."""
    if isinstance(value, bytes | memoryview):
        held = bytes(value)
        with suppress(zlib.error):
            held = zlib.decompress(held)
        return held.decode(errors="replace")
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def files_in(folder: Path) -> Iterator[Path]:
    """Yield all files of a folder that are no links."""
    for root, _, names in os.walk(folder):
        yield from (Path(root, name) for name in sorted(names) if not Path(root, name).is_symlink())
