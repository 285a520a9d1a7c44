"""Files as platforms really deliver them: what lands of each, with every line accounted for."""

import json
from collections.abc import Callable
from datetime import date
from hashlib import sha256

import pytest

from usage_pipeline.events.landing.land import land_days
from usage_pipeline.events.landing.lines import BLOCK_BYTES
from usage_pipeline.events.record import REJECTED_LINES
from usage_pipeline.storage.landed_files import FileState
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.support import Landing, files, prompt, reject_reasons, rows

Land = Callable[[str], None]
Landed = tuple[tuple[int, ...], list[tuple[int, str]]]
"""The tally of a file, and its rejects."""
DAY = "2026-05-01"
TIME = "2026-05-01T08:00:00Z"
MIB_16 = 1 << 24
MANY_BLOCKS = MIB_16 + 2 * BLOCK_BYTES
"""So many bytes go on for two blocks beyond the limit."""
UTF8_BOM = b"\xef\xbb\xbf"
HEADER = b"TIMESTAMP,ContextTokens,GeneratedTokens,note\n"
ROW = f"{TIME},1,2,".encode()


def jsonl(record_id: str, note: str = "") -> bytes:
    return json.dumps(prompt(record_id, TIME, note=note)).encode()


def tally(storage: Storage, name: str) -> tuple[int, int, int, int, int, int]:
    """Lines, header, continuation, blank, accepted, rejected of a landed file, which must come out even."""
    file = files(storage)[name]
    assert file.state == FileState.LANDED
    assert file.lines == file.header + file.continuation + file.blank + file.accepted + file.rejected
    return file.lines, file.header, file.continuation, file.blank, file.accepted, file.rejected


ONE, TWO = jsonl("e1"), jsonl("e2")


OF_JSONL = [
    pytest.param(b"", ((0, 0, 0, 0, 0, 0), []), id="empty"),
    pytest.param(UTF8_BOM, ((0, 0, 0, 0, 0, 0), []), id="byte order mark and nothing else"),
    pytest.param(UTF8_BOM + ONE + b"\n", ((1, 0, 0, 0, 1, 0), []), id="byte order mark"),
    pytest.param(
        ONE + b"\n" + UTF8_BOM + TWO + b"\n",
        ((2, 0, 0, 0, 1, 1), [(2, "malformed_json")]),
        id="byte order mark in the middle",
    ),
    pytest.param(ONE + b"\r\n" + TWO + b"\r\n", ((2, 0, 0, 0, 2, 0), []), id="CRLF"),
    pytest.param(ONE + b"\r\n" + TWO + b"\n", ((2, 0, 0, 0, 2, 0), []), id="mixed line ends"),
    pytest.param(ONE + b"\n" + TWO, ((2, 0, 0, 0, 2, 0), []), id="no newline at the end"),
    pytest.param(
        ONE + b"\r" + TWO + b"\n",
        ((1, 0, 0, 0, 0, 1), [(1, "malformed_json")]),
        id="bare CR between objects",
    ),
    pytest.param(
        ONE.replace(b", ", b",\r") + b"\n", ((1, 0, 0, 0, 1, 0), []), id="bare CR as white space of an object"
    ),
    pytest.param(b"\n\r\n" + ONE + b"\n \t\n\n", ((5, 0, 0, 4, 1, 0), []), id="blank lines"),
    pytest.param(jsonl("e1", "x\x01\x00\x1fy") + b"\n", ((1, 0, 0, 0, 1, 0), []), id="escaped control characters"),
    pytest.param(
        jsonl("e1", "?").replace(b"?", b"\x01") + b"\n" + TWO + b"\n",
        ((2, 0, 0, 0, 1, 1), [(1, "malformed_json")]),
        id="raw control character within a text",
    ),
    pytest.param(
        b"\x01" + ONE + b"\n" + TWO + b"\x00\n",
        ((2, 0, 0, 0, 0, 2), [(1, "malformed_json"), (2, "malformed_json")]),
        id="raw control characters between texts",
    ),
]

OF_CSV = [
    pytest.param(HEADER, ((1, 1, 0, 0, 0, 0), []), id="nothing but a header"),
    pytest.param(UTF8_BOM + HEADER + ROW + b"\n", ((2, 1, 0, 0, 1, 0), []), id="byte order mark"),
    pytest.param(HEADER.replace(b"\n", b"\r\n") + ROW + b"\r\n", ((2, 1, 0, 0, 1, 0), []), id="CRLF"),
    pytest.param(HEADER + ROW + b"\r\n" + ROW + b"\n", ((3, 1, 0, 0, 2, 0), []), id="mixed line ends"),
    pytest.param(HEADER + ROW, ((2, 1, 0, 0, 1, 0), []), id="no newline at the end"),
    pytest.param(b"\n" + HEADER + b"\r\n" + ROW + b"\n \n", ((5, 1, 0, 3, 1, 0), []), id="blank lines"),
    pytest.param(HEADER + ROW + b"a\rb\n", ((2, 1, 0, 0, 1, 0), []), id="bare CR within a field"),
    pytest.param(HEADER + ROW + b"\x01\n" + ROW + b'"\x01"\n', ((3, 1, 0, 0, 2, 0), []), id="control characters"),
    pytest.param(HEADER + ROW + b'"a\nb\r\n\nc"\n', ((5, 1, 3, 0, 1, 0), []), id="quoted line ends"),
    pytest.param(HEADER + ROW + b'"a\nb"', ((3, 1, 1, 0, 1, 0), []), id="quoted line end in the last line"),
    pytest.param(
        HEADER.replace(b"note", b'"no\nte"') + ROW + b"\n",
        ((3, 1, 1, 0, 1, 0), []),
        id="a header of two lines",
    ),
    pytest.param(
        HEADER + ROW + b'"a\n' + (ROW + b"b\n") * 3,
        ((5, 1, 0, 0, 3, 1), [(2, "malformed_csv")]),
        id="a quote that never closes",
    ),
    pytest.param(
        HEADER + ROW + b'"a\n' + ROW + b'"b\nc"\n' + ROW + b"d\n",
        ((5, 1, 1, 0, 2, 1), [(2, "malformed_csv")]),
        id="a quote that never closes before quoted line ends",
    ),
    pytest.param(HEADER + ROW + b'5" x\n' + ROW + b'"a\nb"\n', ((4, 1, 1, 0, 2, 0), []), id="a quote in a text"),
    pytest.param(
        HEADER + ROW + b'"a"b\n' + ROW + b'"a\nb"\n',
        ((4, 1, 1, 0, 1, 1), [(2, "malformed_csv")]),
        id="text behind a closing quote",
    ),
]


def file_of(content: bytes, suffix: str) -> str:
    """The name of the file with this content, which no other case has."""
    return f"{sha256(content).hexdigest()[:16]}.{suffix}"


@pytest.fixture(scope="module")
def all_landed(open_shared: Callable[..., Storage]) -> Storage:
    """A day on which all these cases are landed, each a file of its own."""
    storage = open_shared()
    landing = Landing(storage.settings.landing)
    for case in OF_JSONL:
        content = case.values[0]
        landing.write_bytes("persona", DAY, content, name=file_of(content, "jsonl"))
    for case in OF_CSV:
        content = case.values[0]
        landing.write_bytes("azure_llm", DAY, content, tenant="acme", name=file_of(content, "csv"))
    land_days(storage, [date.fromisoformat(DAY)], "test")
    return storage


def rejects_of(storage: Storage, name: str) -> list[tuple[int, str]]:
    """Line and reason of every rejected line of a file."""
    found = rows(storage, REJECTED_LINES, "landing_file", "landing_line", "reason")
    return [(line, reason) for file, line, reason in found if file.endswith(f"/{name}")]


@pytest.mark.parametrize(("content", "expected"), OF_JSONL)
def test_jsonl(all_landed: Storage, content: bytes, expected: Landed) -> None:
    name = file_of(content, "jsonl")
    assert (tally(all_landed, name), rejects_of(all_landed, name)) == expected


@pytest.mark.parametrize(("content", "expected"), OF_CSV)
def test_csv(all_landed: Storage, content: bytes, expected: Landed) -> None:
    name = file_of(content, "csv")
    assert (tally(all_landed, name), rejects_of(all_landed, name)) == expected


def test_a_line_of_json_may_have_16_mib_and_no_byte_more(storage: Storage, landing: Landing, land: Land) -> None:
    fill = MIB_16 - len(jsonl("e1"))
    content = b"\n".join(
        [jsonl("e1", "x" * fill), jsonl("e2", "x" * (fill + 1)), jsonl("e3", "x" * fill) + b"\r", jsonl("e4")]
    )
    landing.write_bytes("persona", DAY, content, name="a.jsonl")
    land(DAY)
    assert tally(storage, "a.jsonl") == (4, 0, 0, 0, 3, 1)
    assert reject_reasons(storage) == [(2, "line_too_long")]


def test_a_record_of_csv_may_have_16_mib_and_no_byte_more(storage: Storage, landing: Landing, land: Land) -> None:
    fill = MIB_16 - len(ROW)
    in_lines = b'"' + (b"x" * 1023 + b"\n") * (fill // 1024) + b"x" * (fill % 1024 - 2) + b'"'
    lines = [ROW + b"x" * fill, ROW + b"x" * (fill + 1), ROW + in_lines, ROW]
    landing.write_bytes("azure_llm", DAY, HEADER + b"\n".join(lines) + b"\n", tenant="acme", name="a.csv")
    land(DAY)
    continuation = fill // 1024
    assert tally(storage, "a.csv") == (5 + continuation, 1, continuation, 0, 3, 1)
    assert reject_reasons(storage) == [(3, "line_too_long")]


def test_of_a_record_over_the_limit_in_several_lines_the_first_is_broken_and_the_others_count(
    storage: Storage, landing: Landing, land: Land
) -> None:
    long = ROW + b'"' + b"x" * MIB_16 + b'\n"'
    landing.write_bytes("azure_llm", DAY, HEADER + long + b"\n" + ROW + b"\n", tenant="acme", name="a.csv")
    land(DAY)
    assert tally(storage, "a.csv") == (4, 1, 0, 0, 1, 2)
    assert reject_reasons(storage) == [(2, "line_too_long"), (3, "malformed_csv")]


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.jsonl.zst"])
def test_a_line_over_the_limit_that_spans_many_blocks_is_one_line(
    storage: Storage, landing: Landing, land: Land, name: str
) -> None:
    content = ONE + b"\n" + b"x" * MANY_BLOCKS + b"\n" + TWO + b"\n"
    landing.write_bytes("persona", DAY, content, name=name)
    land(DAY)
    assert tally(storage, name) == (3, 0, 0, 0, 2, 1)
    assert reject_reasons(storage) == [(2, "line_too_long")]


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.csv.zst"])
def test_a_quoted_record_over_the_limit_that_spans_many_blocks_is_one_line(
    storage: Storage, landing: Landing, land: Land, name: str
) -> None:
    content = HEADER + ROW + b'"' + b"x" * MANY_BLOCKS + b'"\n' + ROW + b'"a\nb"\n'
    landing.write_bytes("azure_llm", DAY, content, tenant="acme", name=name)
    land(DAY)
    assert tally(storage, name) == (4, 1, 1, 0, 1, 1)
    assert reject_reasons(storage) == [(2, "line_too_long")]
