"""Files that cannot be read whole: damaged, gone, changed meanwhile, or without the header that they need."""

import gzip
from dataclasses import replace
from pathlib import Path

import pytest
import zstandard

from usage_pipeline.errors import UnreadableFileError, UnsettledFileError
from usage_pipeline.events.landing.lines import LineReader, content_digest, read_header
from usage_pipeline_tests.events.landing.reading import read, shown

GZIP = gzip.compress(b'{"id":1}\n' * 1000, mtime=0)
ZSTD = zstandard.ZstdCompressor(write_checksum=True).compress(b'{"id":1}\n' * 1000)


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        pytest.param("a.jsonl.gz", GZIP[:-1], "truncated", id="gzip without its last byte"),
        pytest.param("a.jsonl.gz", GZIP[: len(GZIP) // 2], "truncated", id="half a gzip file"),
        pytest.param("a.jsonl.gz", GZIP[:5], "truncated", id="half a gzip header"),
        pytest.param("a.jsonl.gz", b"", "truncated", id="empty file that should be gzip"),
        pytest.param(
            "a.jsonl.gz", GZIP[:-8] + b"\0\0\0\0" + GZIP[-4:], "corrupt", id="gzip with a wrong checksum"
        ),
        pytest.param("a.jsonl.gz", GZIP[:12] + b"\xff" * 9 + GZIP[21:], "corrupt", id="gzip with wrong bytes"),
        pytest.param("a.jsonl.gz", GZIP + b"more", "corrupt", id="gzip with something behind it"),
        pytest.param("a.jsonl.gz", b'{"id":1}\n', "corrupt", id="plain text that should be gzip"),
        pytest.param("a.jsonl.zst", ZSTD[:-1], "truncated", id="zstd without its last byte"),
        pytest.param("a.jsonl.zst", ZSTD[: len(ZSTD) // 2], "truncated", id="half a zstd file"),
        pytest.param("a.jsonl.zst", ZSTD + ZSTD[:7], "truncated", id="a whole zstd frame and a part of one"),
        pytest.param("a.jsonl.zst", b"", "truncated", id="empty file that should be zstd"),
        pytest.param("a.jsonl.zst", ZSTD[:-4] + b"\0\0\0\0", "corrupt", id="zstd with a wrong checksum"),
        pytest.param("a.jsonl.zst", b'{"id":1}\n', "corrupt", id="plain text that should be zstd"),
    ],
)
def test_a_compressed_file_that_is_not_whole_is_unreadable(
    tmp_path: Path, name: str, content: bytes, problem: str
) -> None:
    with pytest.raises(UnreadableFileError, match=problem):
        read(tmp_path / name, content)


def test_a_file_that_is_gone_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(UnsettledFileError, match="it was removed while its folder was read; deliver it again"):
        content_digest(tmp_path / "gone.jsonl", None)


def test_a_file_that_is_removed_while_it_is_read_is_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"a\n")
    batches = LineReader(path, shown(path)).batches()
    assert next(batches)["raw"].to_pylist() == ["a\n"]
    path.unlink()
    with pytest.raises(UnsettledFileError):
        next(batches)


@pytest.mark.parametrize(("size", "aged_by"), [(2, 1), (3, 0)], ids=["other time", "other size"])
def test_a_file_that_is_not_as_the_folder_showed_it_is_unreadable(tmp_path: Path, size: int, aged_by: int) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"a\n")
    seen = shown(path)
    reader = LineReader(path, replace(seen, size=size, mtime_ns=seen.mtime_ns + aged_by))
    with pytest.raises(UnsettledFileError, match="it changed while it was read"):
        list(reader.batches())


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf\n"])
def test_a_file_without_a_header_that_needs_one_is_unreadable(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(UnreadableFileError, match="its format needs a header"):
        read_header(tmp_path / "a.csv", None)
