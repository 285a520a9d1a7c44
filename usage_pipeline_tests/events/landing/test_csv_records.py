"""Where CSV records end when their quotes are sound, and how little a broken one costs when they are not."""

import csv
import io
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usage_pipeline.events.landing.csv_records import csv_record_ends
from usage_pipeline.events.landing.division import whole_records

NO_LIMIT = 1 << 20


def blocks_of(content: bytes, size: int) -> Iterator[bytes]:
    return (content[start : start + size] for start in range(0, len(content), size))


def divided(content: bytes, *, size: int = NO_LIMIT, limit: int = NO_LIMIT) -> list[bytes]:
    return [
        data[start:end]
        for data, ends in whole_records(blocks_of(content, size), csv_record_ends, limit)
        for start, end in zip([0, *ends], ends, strict=False)
    ]


def reference(content: bytes, limit: int) -> list[bytes]:
    """The same by reading one byte after the other."""
    records = []
    while content:
        end = end_of_sound_record(content)
        if end is None or len(without_line_end(content[:end])) > limit:
            end = content.find(b"\n") + 1 or len(content)
        record, content = content[:end], content[end:]
        if len(without_line_end(record)) > limit:
            record = record[:limit] + "…".encode() + (b"\n" if record.endswith(b"\n") else b"")
        records.append(record)
    return records


def end_of_sound_record(content: bytes) -> int | None:
    """Behind its line end; none where a quote is out of place or never closed."""
    quoted, before = False, b","
    for at in range(len(content)):
        byte, behind = content[at : at + 1], content[at + 1 : at + 2]
        if byte == b"\n" and not quoted:
            return at + 1
        if byte == b'"' and not quoted and before not in (b",", b'"'):
            return None
        if byte == b'"' and quoted and behind not in (b"", b",", b"\r", b"\n", b'"'):
            return None
        quoted ^= byte == b'"'
        before = byte
    return None if quoted else len(content)


def without_line_end(record: bytes) -> bytes:
    return record[:-2] if record.endswith(b"\r\n") else record.removesuffix(b"\n")


@pytest.mark.parametrize(
    ("content", "records"),
    [
        pytest.param(b'a,"b"\nc', [b'a,"b"\n', b"c"], id="sound"),
        pytest.param(b'"1\n2",3\n4\n', [b'"1\n2",3\n', b"4\n"], id="quoted line end"),
        pytest.param(b'"1\n2"\r\n4\n', [b'"1\n2"\r\n', b"4\n"], id="quoted line end before CRLF"),
        pytest.param(b'"1\n2"', [b'"1\n2"'], id="quoted line end and none at the end"),
        pytest.param(b'"a""\n""b"\nc\n', [b'"a""\n""b"\n', b"c\n"], id="escaped quotes around a line end"),
        pytest.param(b'"""\n"\nb\n', [b'"""\n"\n', b"b\n"], id="a field that begins with an escaped quote"),
        pytest.param(b'1,"a\n2,b\n3,c\n', [b'1,"a\n', b"2,b\n", b"3,c\n"], id="a quote that never closes"),
        pytest.param(
            b'1,"a\n2,b\n"c"\n', [b'1,"a\n', b"2,b\n", b'"c"\n'], id="a quote that a later one gives away"
        ),
        pytest.param(b'1,a"\n2,b\n"c\nd"\n', [b'1,a"\n', b"2,b\n", b'"c\nd"\n'], id="a stray quote at the end"),
        pytest.param(b'1,5" x\n2,b\n', [b'1,5" x\n', b"2,b\n"], id="a stray quote in the middle"),
        pytest.param(b'1,"a"b\n2,b\n', [b'1,"a"b\n', b"2,b\n"], id="text behind a closing quote"),
        pytest.param(b'"a\nb"c\nd\n', [b'"a\n', b'b"c\n', b"d\n"], id="text behind a quote that closes later"),
        pytest.param(b'"a\nb\nc\n"x', [b'"a\n', b"b\n", b"c\n", b'"x'], id="broken again by every other line"),
        pytest.param(b'"', [b'"'], id="nothing but a quote"),
        pytest.param(b'"\n', [b'"\n'], id="nothing but a quote and a line end"),
        pytest.param(b"", [], id="nothing"),
    ],
)
def test_records(content: bytes, records: list[bytes]) -> None:
    assert divided(content) == records


LIMITS = [
    pytest.param(b'"a\nb"\nc\n', [b'"a\nb"\n', b"c\n"], id="as long as the limit"),
    pytest.param(b'"a\nb"\r\nc\n', [b'"a\nb"\r\n', b"c\n"], id="as long as the limit with CRLF"),
    pytest.param(b'"a\nbc"\nd\n', [b'"a\n', b'bc"\n', b"d\n"], id="one byte more in two lines"),
    pytest.param(b"abcde\nf\n", [b"abcde\n", b"f\n"], id="a line as long as the limit"),
    pytest.param(b"abcdef\ng\n", ["abcde…\n".encode(), b"g\n"], id="a line of one byte more"),
    pytest.param(b"abcdefghij", ["abcde…".encode()], id="a line of twice the limit at the end"),
    pytest.param(b'"bcdefg"\nh\n', ['"bcde…\n'.encode(), b"h\n"], id="a quoted line over the limit"),
    pytest.param(b'"a\n' + b"b\n" * 9, [b'"a\n', *[b"b\n"] * 9], id="a quote that opens the rest of the file"),
    pytest.param(b"abcde\rf\n", ["abcde…\n".encode()], id="a bare CR behind the limit"),
]


@pytest.mark.parametrize("size", [1, 2, 3, 100])
@pytest.mark.parametrize(("content", "records"), LIMITS)
def test_records_over_the_limit(content: bytes, records: list[bytes], size: int) -> None:
    assert divided(content, limit=5, size=size) == records


CONTENT = st.lists(
    st.sampled_from([b"a", b'"', b",", b"\n", b"\r\n", b'""', b',"', b'",', b'"\n', b"\r", b"bcd"]), max_size=40
).map(b"".join)


@given(content=CONTENT, size=st.integers(1, 12), limit=st.one_of(st.integers(1, 12), st.just(NO_LIMIT)))
def test_records_are_those_that_reading_byte_by_byte_finds_wherever_blocks_end(
    content: bytes, size: int, limit: int
) -> None:
    expected = reference(content, limit)
    assert divided(content, limit=limit) == expected
    assert divided(content, limit=limit, size=size) == expected


@given(content=CONTENT, size=st.integers(1, 12))
def test_no_byte_is_lost(content: bytes, size: int) -> None:
    assert b"".join(divided(content, size=size)) == content


CELLS = st.text("ab\r\n\",é '", max_size=6)


@given(
    table=st.lists(st.lists(CELLS, min_size=2, max_size=3), min_size=1, max_size=8),
    end=st.sampled_from(["\n", "\r\n"]),
    size=st.integers(1, 12),
)
def test_records_of_sound_csv_are_its_rows(table: list[list[str]], end: str, size: int) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=end, quoting=csv.QUOTE_ALL).writerows(table)
    records = [record.decode() for record in divided(text.getvalue().encode(), size=size)]
    assert [row for record in records for row in csv.reader(io.StringIO(record, newline=""))] == table
    assert len(records) == len(table)


TIME = "2026-05-01T08:00:00Z"
HEADER = "TIMESTAMP,ContextTokens,GeneratedTokens,note"
