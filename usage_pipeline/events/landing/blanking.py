"""Blanks lines of a landing file: their bytes go, their line ends and every other byte stay.

So no line gets another number. What to blank is decided in `retention/`.
"""

import gzip
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import zstandard
from numpy.typing import NDArray

from usage_pipeline.events.landing.blocks import BOM, read_blocks, text_blocks
from usage_pipeline.events.landing.csv_records import csv_record_ends
from usage_pipeline.events.landing.division import (
    NEWLINE,
    RETURN,
    Positions,
    line_ends,
    starts_of,
    uncut_records,
)
from usage_pipeline.events.landing.lines import (
    BLOCK_BYTES,
    MAX_LINE_BYTES,
    blank_texts,
    decoded,
    physical_lines,
)

Mask = NDArray[np.bool_]
Choose = Callable[[Positions, pa.LargeStringArray], Mask]
"""Says of records, by the numbers of their first lines and their texts, which to blank."""


@dataclass(frozen=True)
class Blanked:
    """What became of a file: the records that were blanked, and the SHA-256 of its decompressed bytes now."""

    records: int
    content_digest: str


def count_records(file: Path, compression: str | None, choose: Choose, *, is_csv: bool) -> int:
    """Count the records that would be blanked. Raises UnreadableFileError."""
    return sum(int(blank.sum()) for _, _, blank in _chosen(file, compression, choose, is_csv=is_csv))


def blank_records(file: Path, compression: str | None, choose: Choose, target: Path, *, is_csv: bool) -> Blanked:
    """Write the file with blanked records to the target, compressed alike and synced.

    Raises UnreadableFileError.
    """
    digest, records = hashlib.sha256(), 0
    with _compressed(target, compression) as stream:
        start = _byte_order_mark(file, compression)
        digest.update(start)
        stream.write(start)
        for data, ends, blank in _chosen(file, compression, choose, is_csv=is_csv):
            left = _without(data, ends, blank)
            records += int(blank.sum())
            digest.update(left)
            stream.write(left)
    shutil.copymode(file, target)
    return Blanked(records, digest.hexdigest())


def blank_lines(file: Path, compression: str | None, *, is_csv: bool) -> Positions:
    """Return the numbers of the lines without text. Raises UnreadableFileError."""
    blocks = text_blocks(read_blocks(file, compression, BLOCK_BYTES))
    lines, blank = 0, []
    for data, ends in uncut_records(blocks, csv_record_ends if is_csv else line_ends, MAX_LINE_BYTES):
        before, found = physical_lines(data, ends, is_csv=is_csv)
        texts, _ = decoded(data, ends)
        blank.append((before + lines + 1)[blank_texts(texts)])
        lines += found
    return np.concatenate(blank) if blank else np.empty(0, dtype=np.int64)


def _chosen(
    file: Path, compression: str | None, choose: Choose, *, is_csv: bool
) -> Iterator[tuple[bytes, Positions, Mask]]:
    """Yield text of whole records, the position after each, and which are to be blanked; no header is."""
    blocks = text_blocks(read_blocks(file, compression, BLOCK_BYTES))
    record_ends = csv_record_ends if is_csv else line_ends
    lines, needs_header = 0, is_csv
    for data, ends in uncut_records(blocks, record_ends, MAX_LINE_BYTES):
        before, found = physical_lines(data, ends, is_csv=is_csv)
        texts, _ = decoded(data, ends)
        filled = ~blank_texts(texts)
        if needs_header and filled.any():
            filled[np.flatnonzero(filled)[0]] = False
            needs_header = False
        yield data, ends, filled & choose(before + lines + 1, texts)
        lines += found


def _without(data: bytes, ends: Positions, blank: Mask) -> bytes:
    array = np.frombuffer(data, dtype=np.uint8)
    is_newline = array == NEWLINE
    is_return = (array == RETURN) & np.append(is_newline[1:], False)
    kept = ~np.repeat(blank, ends - starts_of(ends)) | is_newline | is_return
    left: bytes = array[kept].tobytes()
    return left


def _byte_order_mark(file: Path, compression: str | None) -> bytes:
    start = next(read_blocks(file, compression, len(BOM)), b"")
    return BOM if start.startswith(BOM) else b""


@contextmanager
def _compressed(target: Path, compression: str | None) -> Iterator[BinaryIO]:
    with target.open("wb") as raw:
        match compression:
            case "gzip":
                with gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as stream:
                    yield stream  # type: ignore[misc]  # it can be written to
            case "zstd":
                with zstandard.ZstdCompressor().stream_writer(raw, closefd=False) as writer:
                    yield writer
            case _:
                yield raw
        raw.flush()
        os.fsync(raw.fileno())
