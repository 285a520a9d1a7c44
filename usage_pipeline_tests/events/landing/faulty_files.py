"""Strategies for files whose lines are good, faulty in one way or in several, blank, or no lines at all."""

import csv
import io
import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from usage_pipeline_tests.events.landing.good_lines import CSV_LINES, HEADER, JSON_LINES

FORMATS = (*sorted(JSON_LINES), "azure_llm")
TIMES = (
    *("2026-05-01T08:00:00", "2026-05-01 08:00Z", "2026-05-01T08:00:00.5+05:30", "2026-05-01T01:00:00+0200"),
    *("2026-05-02T00:05:00Z", "2026-05-02T00:05:00.0000019Z", "2026-05-02T00:04:59.9999999Z"),
    *("2026-01-31T00:00:00Z", "2026-01-30T23:59:59.9999999Z", "2023-01-01T00:00:00Z", "2022-12-31T23:59:59Z"),
    *("2026-02-30T00:00:00Z", "2026-05-01T25:00:00Z", "2026-05-01T08:00:00+25:00", "9999-12-31T23:59:59Z"),
    *("1969-12-31T23:00:00Z", "2026-05-01", "2026-5-1", "20260501T080000Z", "infinity", "yesterday"),
    *(1777622400, 1777622400.9999999, "1777622400", 1777679999999.9999, 1777679999999, "1777679999999.9999"),
    *(1777680300, 1777680301, 1777680300000, 1777680300001, 0, 1640995200, 1640995200000, 99999999999, 10**15),
)
TIME_BEGINS = ("2026-0", "1777")
"""With what the times of good lines begin."""
FORMS = (
    *(None, "", "x", "é夜🌙", "it's", 'say "hi"', "a,b", "a\nb", "a\u0000b", "\u00a0x", " x", "x" * 256),
    *(0, 1, 17, 513, -1, 12.0, 12.7, 0.5, 1e3, 10**15 - 1, 10**15, 10**30, "x" * 257),
    *(True, False, [], [1, "a"], {}, {"n": 1}),
    *("12", "12.0", "12.", "007", "-1", "+1", "0x1F", "1_000", "1,000", "1e3", " 1", "NaN", "Infinity", "\u0661"),
)
"""Values that are judged alike in all fields that hold numbers, or times, or texts."""
NAMES = (
    *("acme", "globex", "archive", "x" * 128, "x" * 129, "a\tb", "failed", "evt_01", "run_1", "persona_prompt"),
    *("persona_clone", "message", "message_send", "request"),
    *("command_", "command_x\u0000", "command_" + "x" * 248, "command_" + "x" * 249),
)
"""Values that mean something in one field: as a tenant, a type, an id or a status."""
VALUES = (*FORMS, *NAMES)
NO_OBJECTS = (b"{", b'{"id":', b"hello", b"[{}]", b"17", b"null", b'"text"', b"{}", b'{"a":1} {"b":2}', b"{'a':1}")
NOT_UTF8 = (b"\xff", b"\xc3\x28", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80")
BLANK = (b"", b" ", b" \t", b"\x0b")
Values = tuple[object, ...]
COMPRESSIONS = ("", ".gz", ".zst")
ENDS = (b"\n", b"\r\n")

values = st.sampled_from(TIMES) | st.sampled_from(VALUES)


@st.composite
def json_lines(draw: st.DrawFn, source_format: str) -> bytes:
    """A good line of the format in which up to two fields, also nested ones, are absent or have another value."""
    line = deepcopy(draw(st.sampled_from(JSON_LINES[source_format])))
    for _ in range(draw(st.sampled_from([0, 0, 1, 1, 2]))):
        target: dict[str, Any] = line
        if not target:
            break  # its only field was removed
        name = draw(st.sampled_from(sorted(target)))
        if isinstance(target[name], dict) and target[name] and draw(st.booleans()):
            target = target[name]
            name = draw(st.sampled_from(sorted(target)))
        target[name] = draw(values)
        if draw(st.integers(0, 4)) == 0:
            del target[name]
    return json.dumps(line, ensure_ascii=draw(st.booleans())).encode()


@st.composite
def csv_lines(draw: st.DrawFn, columns: int) -> bytes:
    """A good row in which a field may have another value, or one that is short, long or in quotes."""
    cells = [*draw(st.sampled_from(CSV_LINES)).split(","), *["note"] * (columns - 3)]
    fault = draw(st.sampled_from(["none", "none", "value", "value", "short", "long"]))
    if fault == "value":
        value = draw(values)
        cells[draw(st.integers(0, columns - 1))] = "" if value is None else str(value)
    cells = {"short": cells[:-1], "long": [*cells, ""]}.get(fault, cells)
    row, quoting = io.StringIO(), draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    csv.writer(row, lineterminator="", quoting=quoting).writerow(cells)
    return row.getvalue().encode()


@st.composite
def not_utf8(draw: st.DrawFn, lines: st.SearchStrategy[bytes]) -> bytes:
    """A line with bytes of no UTF-8 somewhere in it."""
    line = draw(lines)
    position = draw(st.integers(0, len(line)))
    return line[:position] + draw(st.sampled_from(NOT_UTF8)) + line[position:]


@st.composite
def contents(draw: st.DrawFn, source_format: str, max_lines: int = 40) -> bytes:
    """The bytes of a file of the format."""
    columns = draw(st.sampled_from([3, 4]))
    good = csv_lines(columns) if source_format == "azure_llm" else json_lines(source_format)
    broken = st.sampled_from(BLANK) | not_utf8(good)
    if source_format != "azure_llm":
        broken |= st.sampled_from(NO_OBJECTS)
    lines = draw(st.lists(st.one_of(good, good, good, broken), max_size=max_lines))
    if source_format == "azure_llm":
        lines.insert(0, HEADER.encode() + b",note" * (columns - 3))
    content = b"".join(line + draw(st.sampled_from(ENDS)) for line in lines)
    if draw(st.booleans()):
        content = content.rstrip(b"\r\n")
    return b"\xef\xbb\xbf" * draw(st.booleans()) + content


def good_content(source_format: str) -> bytes:
    """All good lines of the format."""
    if source_format == "azure_llm":
        return "".join(f"{line}\n" for line in (HEADER, *CSV_LINES)).encode()
    return b"".join(json.dumps(line).encode() + b"\n" for line in JSON_LINES[source_format])


def every_single_fault(source_format: str, values: Values, share: int = 1) -> bytes:
    """Each of the values in each field of the good lines of the format, and the lines without the field.

    What several of the lines hold alike in one place has its faults in the first of them. A field that holds no
    time has only one of so many (`share`) of the values that are no names, and the next field has the next ones.
    """
    if source_format == "azure_llm":
        return f"{HEADER}\n".encode() + "".join(_csv_faults(values)).encode()
    faults = _Faults(values, share)
    lines = [line for good in JSON_LINES[source_format] for line in faults.of_object(good)]
    if source_format == "claude_code":
        lines = [_in_own_message(number, line) for number, line in enumerate(lines)]
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def _in_own_message(number: int, line: dict[str, Any]) -> dict[str, Any]:
    """Nine of ten lines as messages of their own: of those with one id only one is left."""
    message = line.get("message")
    if not number % 10 or not isinstance(message, dict) or not str(message.get("id")).startswith("msg_"):
        return line
    return {**line, "message": {**message, "id": f"msg_{number}"}}


@dataclass(frozen=True)
class _Faults:
    """Puts values in the place of what good lines hold."""

    values: Values
    share: int = 1
    tried: set[tuple[str, ...]] = field(default_factory=set)
    """The places, each with what it held."""

    def of_object(self, good: dict[str, Any], *place: str) -> Iterator[dict[str, Any]]:
        for name, held in good.items():
            if self._is_new(held, *place, name):
                yield {other: value for other, value in good.items() if other != name}
                yield from ({**good, name: value} for value in self._values_for(held))
            yield from ({**good, name: inner} for inner in self._within(held, *place, name))

    def of_list(self, good: list[Any], *place: str) -> Iterator[list[Any]]:
        for index, held in enumerate(good):
            inner = self._within(held, *place, "[]")
            if not isinstance(held, dict | list) and self._is_new(held, *place, "[]"):
                inner = self._values_for(held)
            yield from ([*good[:index], value, *good[index + 1 :]] for value in inner)

    def _within(self, held: object, *place: str) -> Iterator[object]:
        if isinstance(held, dict):
            return self.of_object(held, *place)
        return self.of_list(held, *place) if isinstance(held, list) else iter(())

    def _values_for(self, held: object) -> Iterator[object]:
        """The values for the place that was found last."""
        share = 1 if str(held).startswith(TIME_BEGINS) else self.share
        numbered = enumerate(self.values, start=len(self.tried))
        return (value for number, value in numbered if value in NAMES or not number % share)

    def _is_new(self, held: object, *place: str) -> bool:
        tried = (*place, json.dumps(held))
        new = tried not in self.tried
        self.tried.add(tried)
        return new


def _csv_faults(values: Values) -> Iterator[str]:
    for line in CSV_LINES:
        for column in range(3):
            for value in values:
                cells = line.split(",")
                cells[column] = str(value).replace('"', '""')
                yield ",".join(f'"{cell}"' for cell in cells) + "\n"
