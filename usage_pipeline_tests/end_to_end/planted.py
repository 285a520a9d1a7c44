"""Logs in which every field that may hold a text holds a marker, and where such markers can be found again."""

import zlib
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import psycopg
from psycopg import sql

from usage_pipeline.events.format_parts import FileType
from usage_pipeline.events.format_values import places
from usage_pipeline.events.source_format import SourceFormat
from usage_pipeline_tests.events.landing.good_lines import JSON_LINES

MEMBER = "member-of-acme-7"
REJECTED = "planted-in-a-rejected-line"
GOOD_LINES = {"persona": 1, "aider": 1}
"""Which of the good lines of a format carries texts; the first, where nothing is said."""


@dataclass
class Plants:
    """The lines of one format, with the markers that `content` must hold.

    `dropped` are those that stand in the place of an object with texts; they are to be found nowhere.
    """

    lines: list[dict[str, Any]] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)


def plant(source_format: SourceFormat) -> Plants:
    """A line for each place of a text and each type of value that may stand there, with a marker of its own."""
    plants, numbers = Plants(), count(10**11 + sum(map(ord, source_format.name)) * 10**6)
    for place in sorted(source_format.content_fields):
        for shape in (str, _in_object, _in_list, int):
            plants.kept.append(str(next(numbers)))
            plants.lines.append(_line(source_format, place, shape(plants.kept[-1]), len(plants.lines)))
        outer = place.rpartition(".")[0]
        has_outer = "[" not in place and outer not in {"$", *source_format.content_fields}
        for shape in (str, _in_list) if has_outer else ():
            plants.dropped.append(str(next(numbers)))
            plants.lines.append(_line(source_format, outer, shape(plants.dropped[-1]), len(plants.lines)))
    return plants


def _in_object(marker: str) -> dict[str, Any]:
    return {"deep": {"deeper": [marker]}}


def _in_list(marker: str) -> list[str]:
    return [marker]


def _line(source_format: SourceFormat, place: str, value: object, number: int) -> dict[str, Any]:
    assert source_format.format is FileType.JSONL, f"{source_format.name}: plant markers in this format too"
    line = deepcopy(JSON_LINES[source_format.name][GOOD_LINES.get(source_format.name, 0)])
    event = _first_event(line, source_format.each)
    for text in source_format.content_fields:
        _put(event, text, None)
    for name in places(source_format.identity_fields):
        _put(event, name, f"line {number}")
    for name in places(source_format.fields.get("member_id")):
        _put(event, name, MEMBER)
    _put(event, place, value)
    return line


def _first_event(line: dict[str, Any], each: str | None) -> dict[str, Any]:
    """The first event of a line, or the line itself."""
    for name in each.removeprefix("$.").replace("[*]", "").split(".") if each else ():
        line = line[name][0]
    return line


def _put(line: dict[str, Any], path: str, value: object) -> None:
    if path.endswith('"]'):
        name, _, key = path.removeprefix("$.").removesuffix('"]').partition('["')
        others = [pair for pair in line[name] if pair["key"] != key]
        line[name] = [*others, {"key": key, "value": value}]
        return
    *outer, last = path.removeprefix("$.").split(".")
    for name in outer:
        if not isinstance(line.get(name), dict):
            line[name] = {}
        line = line[name]
    line[last] = value


def parquet_texts(data_dir: Path) -> Iterator[tuple[str, str]]:
    """The table and all values of each row of every Parquet file, as text."""
    with duckdb.connect() as duck:
        for path in sorted(data_dir.rglob("*.parquet")):
            rows = duck.execute("SELECT CAST(COLUMNS(*) AS VARCHAR) FROM read_parquet($1)", [str(path)]).fetchall()
            yield from ((path.relative_to(data_dir).parts[1], str(row)) for row in rows)


def database_texts(url: str) -> Iterator[tuple[str, str]]:
    """The table and all values of each row of a database, as text; what is compressed is unpacked."""
    tables = (
        "SELECT table_schema, table_name FROM information_schema.tables "
        "WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND table_type = 'BASE TABLE'"
    )
    with psycopg.connect(url) as connection:
        for table in connection.execute(tables).fetchall():
            for row in connection.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(*table))):
                yield ".".join(table), str([_unpacked(value) for value in row])


def _unpacked(value: object) -> object:
    if not isinstance(value, bytes):
        return value
    try:
        return zlib.decompress(value)
    except zlib.error:
        return value


def other_files(data_dir: Path) -> Iterator[tuple[str, str]]:
    """Path and content of every file that is neither landed nor Parquet: logs, and what else lies there."""
    for path in sorted(data_dir.rglob("*")):
        inside = path.relative_to(data_dir)
        if path.is_file() and inside.parts[0] != "landing" and path.suffix != ".parquet":
            yield str(inside), path.read_bytes().decode(errors="replace")
