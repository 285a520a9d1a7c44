"""A file as numbered lines, however it is compressed and wherever its blocks end."""

import csv
import gzip
import hashlib
import io
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from usage_pipeline.events.landing import lines
from usage_pipeline.events.landing.lines import LineCounts, LineReader, content_digest, read_header
from usage_pipeline.events.landing.scan import COMPRESSIONS
from usage_pipeline_tests.events.landing.reading import read, shown

fixtures_are_shared = hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize(
    ("content", "numbers", "texts", "counts"),
    [
        pytest.param(b"", [], [], LineCounts(), id="empty file"),
        pytest.param(b"a\nb\n", [1, 2], ["a\n", "b\n"], LineCounts(lines=2), id="two lines"),
        pytest.param(b"a\nb", [1, 2], ["a\n", "b"], LineCounts(lines=2), id="no newline at the end"),
        pytest.param(b"a\r\nb\r\n", [1, 2], ["a\r\n", "b\r\n"], LineCounts(lines=2), id="CRLF"),
        pytest.param(b"a\rb\n", [1], ["a\rb\n"], LineCounts(lines=1), id="a bare CR ends no line"),
        pytest.param(b"\xef\xbb\xbfa\n", [1], ["a\n"], LineCounts(lines=1), id="byte order mark"),
        pytest.param(b"\xef\xbb\xbf", [], [], LineCounts(), id="nothing but a byte order mark"),
        pytest.param(b"\n\na\n \t\r\n", [3], ["a\n"], LineCounts(lines=4, blank=3), id="blank lines"),
        pytest.param(b"\n", [], [], LineCounts(lines=1, blank=1), id="nothing but a blank line"),
        pytest.param(b"a\n  ", [1], ["a\n"], LineCounts(lines=2, blank=1), id="blank without newline"),
        pytest.param(b" a\n", [1], [" a\n"], LineCounts(lines=1), id="indented line"),
        pytest.param(b'"a\nb"\n', [1, 2], ['"a\n', 'b"\n'], LineCounts(lines=2), id="quotes are nothing special"),
        pytest.param(b"a\x00\x01\n", [1], ["a\x00\x01\n"], LineCounts(lines=1), id="control characters"),
    ],
)
def test_lines_of_json(
    tmp_path: Path, content: bytes, numbers: list[int], texts: list[str], counts: LineCounts
) -> None:
    found = read(tmp_path / "a.jsonl", content)
    assert (found.numbers, found.texts, found.counts) == (numbers, texts, counts)


@pytest.mark.parametrize(
    ("content", "numbers", "texts", "counts"),
    [
        pytest.param(b"x,y\n1,2\n", [2], ["1,2\n"], LineCounts(lines=2, header=1), id="header and a line"),
        pytest.param(b"x,y\n", [], [], LineCounts(lines=1, header=1), id="nothing but a header"),
        pytest.param(
            b"\n\nx\n1\n", [4], ["1\n"], LineCounts(lines=4, header=1, blank=2), id="blank lines before the header"
        ),
        pytest.param(
            b'x\n"1\n2\n3"\n4\n',
            [2, 5],
            ['"1\n2\n3"\n', "4\n"],
            LineCounts(lines=5, header=1, continuation=2),
            id="a quoted newline",
        ),
        pytest.param(
            b'x\n"a""\n""b"\n4\n',
            [2, 4],
            ['"a""\n""b"\n', "4\n"],
            LineCounts(lines=4, header=1, continuation=1),
            id="escaped quotes around a newline",
        ),
        pytest.param(
            b'x\n"1\n\n2"\n',
            [2],
            ['"1\n\n2"\n'],
            LineCounts(lines=4, header=1, continuation=2),
            id="a blank line within quotes is a continuation",
        ),
    ],
)
def test_lines_of_csv(
    tmp_path: Path, content: bytes, numbers: list[int], texts: list[str], counts: LineCounts
) -> None:
    found = read(tmp_path / "a.csv", content)
    assert (found.numbers, found.texts, found.counts) == (numbers, texts, counts)


@fixtures_are_shared
@given(
    content=st.text('ab\n\r "é夜', max_size=60).map(str.encode),
    block=st.integers(1, 9),
)
def test_lines_are_those_of_a_plain_split_wherever_blocks_end(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, block: int
) -> None:
    expected = [
        (number, text) for number, text in enumerate(content.decode().split("\n"), start=1) if text.strip(" \r")
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "BLOCK_BYTES", block)
        found = read(tmp_path_factory.getbasetemp() / "split.jsonl", content)
    assert list(zip(found.numbers, [text.removesuffix("\n") for text in found.texts], strict=True)) == expected
    assert found.counts.lines == len(expected) + found.counts.blank


@fixtures_are_shared
@given(
    rows=st.lists(st.tuples(st.text('ab\n",é ', max_size=6), st.text('ab\n",é ', max_size=6)), max_size=8),
    end=st.sampled_from(["\n", "\r\n"]),
    block=st.integers(1, 9),
)
def test_csv_records_begin_where_the_csv_module_says_wherever_blocks_end(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], end: str, block: int
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=end).writerows([("x", "y"), *rows])
    reader = csv.reader(io.StringIO(text.getvalue(), newline=""))
    starts = [1, *(reader.line_num + 1 for _ in reader)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "BLOCK_BYTES", block)
        found = read(tmp_path_factory.getbasetemp() / "split.csv", text.getvalue().encode())
    assert found.numbers == starts[1:-1]
    assert found.counts == LineCounts(
        lines=starts[-1] - 1, header=1, continuation=starts[-1] - 1 - len(starts[:-1])
    )


@fixtures_are_shared
@given(
    content=st.lists(st.sampled_from([b"a", b"\n", b"\xff", b"\xc3", b"\xa9", b"\xe5\xa4"]), max_size=40).map(
        b"".join
    ),
    block=st.integers(1, 9),
)
def test_a_line_is_marked_exactly_when_it_is_not_utf8_itself(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, block: int
) -> None:
    expected = []
    for line in content.split(b"\n"):
        if line:
            text = line.decode(errors="replace")
            expected.append((text, text.encode() == line))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "BLOCK_BYTES", block)
        found = read(tmp_path_factory.getbasetemp() / "split.jsonl", content)
    assert list(zip([text.removesuffix("\n") for text in found.texts], found.utf8, strict=True)) == expected


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.jsonl.zst"])
@pytest.mark.parametrize("block", [8, 64, 1 << 24])
def test_a_compressed_file_has_the_lines_of_its_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, block: int
) -> None:
    monkeypatch.setattr(lines, "BLOCK_BYTES", block)
    plain = b"".join(b"line %d\n" % number for number in range(1, 501))
    compress = gzip.compress if name.endswith("gz") else zstandard.compress
    found = read(tmp_path / name, compress(plain))
    assert (found.numbers, found.counts.lines) == (list(range(1, 501)), 500)


@pytest.mark.parametrize(
    ("name", "compress"), [("a.jsonl.gz", gzip.compress), ("a.jsonl.zst", zstandard.compress)]
)
def test_a_file_of_several_compressed_parts_is_read_to_its_end(
    tmp_path: Path, name: str, compress: Callable[[bytes], bytes]
) -> None:
    content = b"".join(compress(part) for part in (b"a\nb", b"", b"c\n", b"d\n"))
    assert read(tmp_path / name, content).texts == ["a\n", "bc\n", "d\n"]


@pytest.mark.parametrize("name", ["a.jsonl", "b.jsonl.gz", "c.jsonl.zst"])
def test_the_content_digest_is_that_of_the_decompressed_bytes(tmp_path: Path, name: str) -> None:
    compressors: dict[str, Callable[[bytes], bytes]] = {".gz": gzip.compress, ".zst": zstandard.compress}
    compress = compressors.get(Path(name).suffix, bytes)
    (tmp_path / name).write_bytes(compress(b"a\n"))
    assert (
        content_digest(tmp_path / name, COMPRESSIONS.get(Path(name).suffix))
        == "87428fc522803d31065e7bce3cf03fe475096631e5e07bbd7a0fde60c4cf25c7"
    )


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.jsonl.zst"])
def test_the_digest_of_what_was_read_is_that_of_the_decompressed_content(tmp_path: Path, name: str) -> None:
    content = b'{"id":1}\n\n{"id":2}'
    compressed = {".gz": gzip.compress(content), ".zst": zstandard.compress(content)}
    path = tmp_path / name
    path.write_bytes(compressed.get(path.suffix, content))
    reader = LineReader(path, shown(path))
    list(reader.batches())
    assert (
        reader.digest == hashlib.sha256(content).hexdigest() == content_digest(path, COMPRESSIONS.get(path.suffix))
    )


def test_a_line_over_the_limit_is_cut_and_the_lines_after_it_keep_their_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "BLOCK_BYTES", 4)
    monkeypatch.setattr(lines, "MAX_LINE_BYTES", 10)
    found = read(tmp_path / "a.jsonl", b"a\n" + b"x" * 100 + b"\nb\n")
    assert (found.numbers, found.texts[::2]) == ([1, 2, 3], ["a\n", "b\n"])
    assert 10 < len(found.texts[1]) < 20


@pytest.mark.parametrize(
    ("content", "header"),
    [
        (b"x,y\n1,2\n", "x,y"),
        (b"x,y\r\n1,2\r\n", "x,y"),
        (b"x,y", "x,y"),
        (b"\xef\xbb\xbfx,y\n", "x,y"),
        (b"\n \r\nx,y\n", "x,y"),
        (b'x,"y\nz"\n1,2\n', 'x,"y\nz"'),
        (b'x,"y\n1,2\n', 'x,"y'),
    ],
)
def test_the_header_is_the_first_line_that_is_not_blank(tmp_path: Path, content: bytes, header: str) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    assert read_header(tmp_path / "a.csv", None) == header
