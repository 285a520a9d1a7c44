"""Blanked lines lose their bytes; nothing else changes, and no line gets another number."""

import gzip
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from usage_pipeline.events.landing import blanking, division
from usage_pipeline.events.landing.blanking import Mask, blank_records, count_records
from usage_pipeline.events.landing.division import Positions
from usage_pipeline.events.landing.lines import content_digest


def lines_with(*numbers: int) -> blanking.Choose:
    """Chooses records by the numbers of their first lines."""

    def choose(found: Positions, _: pa.LargeStringArray) -> Mask:
        return np.isin(found, numbers)

    return choose


def blanked(path: Path, *numbers: int, compression: str | None = None, is_csv: bool = False) -> bytes:
    target = path.with_name("target")
    made = blank_records(path, compression, lines_with(*numbers), target, is_csv=is_csv)
    assert made.content_digest == content_digest(target, compression)
    assert made.records == count_records(path, compression, lines_with(*numbers), is_csv=is_csv)
    return target.read_bytes()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"one\ntwo\nthree\n", b"one\n\nthree\n"),
        (b"one\r\ntwo\r\nthree", b"one\r\n\r\nthree"),
        (b"one\ntwo", b"one\n"),
        (b"one\n  \n", b"one\n  \n"),
        (b"\xef\xbb\xbfone\ntwo\n", b"\xef\xbb\xbfone\n\n"),
        (b"one\na\rb\n", b"one\n\n"),
        (b"one\n\xff\xfe\nthree\n", b"one\n\nthree\n"),
    ],
)
def test_the_second_line_is_blanked(tmp_path: Path, content: bytes, expected: bytes) -> None:
    path = tmp_path / "source"
    path.write_bytes(content)
    assert blanked(path, 2) == expected


def test_a_csv_record_of_several_lines_is_blanked_in_all_and_the_header_never(tmp_path: Path) -> None:
    path = tmp_path / "source"
    path.write_bytes(b'id,text\n1,"a\nb"\n2,"c\r\nd"\n3,e\n')
    assert blanked(path, 1, 2, 6, is_csv=True) == b'id,text\n\n\n2,"c\r\nd"\n\n'


def test_compressed_files_stay_compressed(tmp_path: Path) -> None:
    path = tmp_path / "source"
    path.write_bytes(gzip.compress(b"one\ntwo\n"))
    assert gzip.decompress(blanked(path, 1, compression="gzip")) == b"\ntwo\n"
    path.write_bytes(zstandard.compress(b"one\ntwo\n"))
    made = zstandard.ZstdDecompressor().decompressobj().decompress(blanked(path, 1, compression="zstd"))
    assert made == b"\ntwo\n"


def test_a_line_over_the_limit_keeps_its_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blanking, "MAX_LINE_BYTES", 4)
    monkeypatch.setattr(blanking, "BLOCK_BYTES", 3)
    path = tmp_path / "source"
    path.write_bytes(b"a line that is long\ntwo\n")
    assert blanked(path, 2) == b"a line that is long\n\n"


@given(
    texts=st.lists(st.sampled_from(["", "a", '"x\ny"', '"', "z,z", " "]), max_size=6),
    block=st.integers(1, 5),
    is_csv=st.booleans(),
)
def test_blocks_may_end_anywhere(texts: list[str], block: int, is_csv: bool) -> None:  # noqa: FBT001 - an example
    data = "\n".join(texts).encode()
    blocks = [data[start : start + block] for start in range(0, len(data), block)]
    ends = blanking.csv_record_ends if is_csv else blanking.line_ends
    pieces = list(division.uncut_records(blocks, ends, 1 << 24))
    cut = list(division.whole_records(blocks, ends, 1 << 24))
    assert b"".join(piece for piece, _ in pieces) == data
    assert [(piece, list(found)) for piece, found in pieces] == [(piece, list(found)) for piece, found in cut]
