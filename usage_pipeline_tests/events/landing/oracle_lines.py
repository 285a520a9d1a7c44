"""How a file is divided into lines, records and fields, in plain Python: strict JSON, and CSV with its quotes."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache, partial
from typing import Any

from usage_pipeline_tests.events.landing.oracle_json import at_path, loaded, members_at, text_of_json
from usage_pipeline_tests.events.landing.oracle_values import Text

_BOM = b"\xef\xbb\xbf"
_WHITE = b" \t\r\n\x0b\x0c"
_QUOTED, _PLAIN = re.compile(r'"((?:[^"]|"")*)"'), re.compile(r"[^,]*")
_LISTS = re.compile(r'((?:\.(?:"[^"]+"|[^."\[]+))*)\[\*\]')
_MAX_BYTES = 1 << 24
_NO_LIST = object()
"""What stands for the events where there should be a list of them."""


@dataclass(frozen=True)
class Fields:
    """The fields of a record: one by its name, if it is filled, or all texts in lists; and those of its file."""

    one: Callable[[str], Text | None] = lambda _: None
    every: Callable[[str], list[Text]] = lambda _: []
    first: Callable[[str], Text | None] = lambda _: None
    file: str = ""


class Verdict(StrEnum):
    """What a physical line is; a record becomes accepted, superseded, rejected or skipped."""

    BLANK = "blank"
    SKIPPED = "skipped"
    HEADER = "header"
    CONTINUATION = "continuation"
    RECORD = "record"
    ACCEPTED = "accepted"
    SUPERSEDED = "superseded"
    REJECTED = "rejected"


@dataclass(frozen=True)
class Found:
    """A physical line, or an event of it: the fields of the record that begins with it, or its fault."""

    number: int
    verdict: Verdict
    fault: str | None = None
    fields: Fields = field(default_factory=Fields)
    event: int = 1


class _FaultError(Exception):
    """What is wrong with a line as a whole."""


@dataclass(frozen=True)
class Reading:
    """How a format reads lines: quoted ones begin with a header; JSON has texts to parse, or several events."""

    quoted: bool
    parse: Sequence[str] = ()
    each: str | None = None


def divide(content: bytes, reading: Reading) -> Iterator[Found]:
    """Every physical line in order, or the events of it."""
    lines = content.removeprefix(_BOM).split(b"\n")
    if not lines[-1]:
        lines.pop()
    header: list[str] | None = None
    number = 0
    while number < len(lines):
        first, taken = lines[number], _lines_of_record(lines[number:]) if reading.quoted else 1
        record = b"\n".join(lines[number : number + taken])
        if not first.strip(_WHITE) and taken == 1:
            yield Found(number + 1, Verdict.BLANK)
        elif reading.quoted and header is None:
            header = [name.strip() for name in _cells(_decoded(record))]
            yield Found(number + 1, Verdict.HEADER)
        else:
            yield from _found(number + 1, record, header, reading)
        yield from (Found(number + 2 + more, Verdict.CONTINUATION) for more in range(taken - 1))
        number += taken


def first_line(content: bytes) -> Callable[[str], Text | None]:
    """The fields of the first line that is not blank; none if it is no JSON object."""
    lines = content.removeprefix(_BOM).split(b"\n")
    first = next((line for line in lines if line.strip(_WHITE)), b"")
    try:
        found = loaded(_decoded(first))
    except (_FaultError, ValueError, RecursionError):
        return lambda _: None
    return lambda path: text_of_json(at_path(found, path))


def _found(number: int, record: bytes, header: Sequence[str] | None, reading: Reading) -> Iterator[Found]:
    try:
        text = _decoded(record)
        if header is None:
            yield from _events(number, _object(text, reading.parse), reading.each)
        else:
            yield Found(number, Verdict.RECORD, None, _csv_fields(text, header))
    except _FaultError as fault:
        yield Found(number, Verdict.RECORD, str(fault))


def _events(number: int, line: dict[str, Any], each: str | None) -> Iterator[Found]:
    """The events of a line: itself, or each with what it lies in."""
    chains: list[list[Any]] = [[line]]
    for step in _LISTS.findall(each or ""):
        chains = [[*chain, element] for chain in chains for element in _elements(_within(chain[-1], step))]
    if not chains:
        yield Found(number, Verdict.SKIPPED)
    for event, chain in enumerate(chains, start=1):
        fields = Fields(cache(partial(_field, chain)), partial(members_at, chain[-1]))
        yield Found(number, Verdict.RECORD, _fault(chain[-1]), fields, event)


def _within(element: Any, step: str) -> Any:
    return _NO_LIST if element is _NO_LIST else at_path(element, step)


def _fault(event: Any) -> str | None:
    if event is _NO_LIST:
        return "not_a_list"
    return None if isinstance(event, dict) else "not_an_object"


def _elements(value: Any) -> list[Any]:
    """The elements of a list, or one that stands for what is there and is no list."""
    if isinstance(value, list):
        return value
    return [] if value is None or value == "" else [_NO_LIST]


def _field(chain: Sequence[Any], path: str) -> Text | None:
    if not path.startswith("$line"):
        return text_of_json(at_path(chain[-1], path))
    *lists, within = path.removeprefix("$line").split("[*]")
    return text_of_json(at_path(chain[len(lists)], within))


def _decoded(record: bytes) -> str:
    trimmed = record.rstrip(b"\r\n")
    if len(trimmed) > _MAX_BYTES:
        raise _FaultError("line_too_long")
    try:
        return trimmed.decode()
    except UnicodeDecodeError:
        raise _FaultError("not_utf8") from None


def _lines_of_record(lines: Sequence[bytes]) -> int:
    """How many lines make the record that begins here; a broken one is its first line alone."""
    for taken in range(1, len(lines) + 1):
        text = b"\n".join(lines[:taken]).rstrip(b"\r\n" if taken == 1 else b"\r").decode("latin-1")
        try:
            _cells(text)
        except _OpenError:
            continue
        except _FaultError:
            return 1
        return taken
    return 1


class _OpenError(_FaultError):
    """A quoted field is not closed."""


def _cells(text: str) -> list[str]:
    cells = []
    position = 0
    while True:
        if text.startswith('"', position):
            found = _QUOTED.match(text, position)
            if not found:
                raise _OpenError("malformed_csv")
            cells.append(found[1].replace('""', '"'))
        else:
            found = _PLAIN.match(text, position)
            assert found
            cells.append(found[0])
        position = found.end()
        if position == len(text):
            return cells
        if text[position] != ",":
            raise _FaultError("malformed_csv")
        position += 1


def _csv_fields(text: str, header: Sequence[str]) -> Fields:
    cells = _cells(text)
    if len(cells) != len(header):
        raise _FaultError("malformed_csv")
    row = dict(zip(header, cells, strict=True))
    return Fields(lambda name: Text(row[name], None) if row[name] else None)


def _object(text: str, parse: Sequence[str]) -> dict[str, Any]:
    try:
        line = loaded(text)
    except (ValueError, RecursionError):
        raise _FaultError("malformed_json") from None
    if not isinstance(line, dict):
        raise _FaultError("not_an_object")
    for path in parse:
        _open(line, path)
    return line


def _open(line: Any, path: str) -> None:
    """Replace a text that is a JSON object or list by what it says."""
    outer, _, last = path.rpartition(".")
    holder, text = at_path(line, outer), at_path(line, path)
    if isinstance(text, str):
        with suppress(ValueError, RecursionError):
            inner = loaded(text)
            holder[last] = inner if isinstance(inner, dict | list) else text
