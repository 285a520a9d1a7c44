"""Reads the decompressed bytes of a landing file in blocks, which may end anywhere in a line."""

import gzip
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import BinaryIO, TypeVar

import zstandard

from usage_pipeline.errors import UnreadableFileError, UnsettledFileError

BOM = b"\xef\xbb\xbf"
_OTHER_BOMS = {
    # Longest first: UTF-32 in this byte order begins like UTF-16.
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
_LONGEST_BOM = 4
_ZSTD_PIECE_BYTES = 1 << 16

Item = TypeVar("Item")


def read_blocks(file: Path, compression: str | None, size: int) -> Iterator[bytes]:
    """Yield the decompressed bytes, about `size` at a time. Raises UnreadableFileError."""
    with faults_told(), file.open("rb") as stream:
        if compression is not None and not file.stat().st_size:
            raise UnreadableFileError(f"the {compression} data is truncated; deliver the file again")
        match compression:
            case "gzip":
                yield from _gzip_blocks(stream, size)
            case "zstd":
                yield from map(b"".join, grouped(_zstd_pieces(stream), len, size))
            case _:
                while block := stream.read(size):
                    yield block


@contextmanager
def faults_told() -> Iterator[None]:
    """Turn what the file system says of a landing file into an UnreadableFileError."""
    try:
        yield
    except FileNotFoundError:
        raise UnsettledFileError("it was removed while its folder was read; deliver it again") from None
    except OSError as error:
        raise UnreadableFileError(f"{error.strerror or error}; check the file and its permissions") from None


def text_blocks(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Remove the byte order mark of UTF-8. Raises UnreadableFileError if it is that of another encoding."""
    start = b""
    for block in blocks:
        start += block
        if len(start) >= _LONGEST_BOM:
            break
    for mark, encoding in _OTHER_BOMS.items():
        if start.startswith(mark):
            raise UnreadableFileError(f"it is {encoding}, not UTF-8; convert it and deliver it again")
    yield from chain([start.removeprefix(BOM)], blocks)


def grouped(
    items: Iterable[Item], size: Callable[[Item], int], limit: int, most: int | None = None
) -> Iterator[list[Item]]:
    """Group neighbours up to a total size, and up to `most` items. A larger item is a group of its own."""
    group: list[Item] = []
    total = 0
    for item in items:
        added = size(item)
        if group and (total + added > limit or len(group) == most):
            yield group
            group, total = [], 0
        group.append(item)
        total += added
    if group:
        yield group


def _gzip_blocks(stream: BinaryIO, size: int) -> Iterator[bytes]:
    try:
        with gzip.GzipFile(fileobj=stream) as plain:
            while block := plain.read(size):
                yield block
    except EOFError:
        raise UnreadableFileError("the gzip data is truncated; deliver the file again") from None
    except (gzip.BadGzipFile, zlib.error):
        # Without the library's message, which may quote bytes of the file.
        raise UnreadableFileError("the gzip data is corrupt; deliver the file again") from None


def _zstd_pieces(stream: BinaryIO) -> Iterator[bytes]:
    # The library's stream reader does not notice a truncated file; its decompressor object does.
    frame = zstandard.ZstdDecompressor().decompressobj()
    open_frame = False
    try:
        # In small pieces, because the decompressed size of a piece is unlimited.
        while block := stream.read(_ZSTD_PIECE_BYTES):
            while block:
                open_frame = True
                plain = frame.decompress(block)
                if plain:
                    yield plain
                block = b""
                if frame.eof:
                    block, open_frame = frame.unused_data, False
                    frame = zstandard.ZstdDecompressor().decompressobj()
    except zstandard.ZstdError:
        raise UnreadableFileError("the zstd data is corrupt; deliver the file again") from None
    if open_frame:
        raise UnreadableFileError("the zstd data is truncated; deliver the file again")
