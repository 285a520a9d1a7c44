"""Reads a landing file as numbered lines in Arrow batches, by array operations instead of a loop over lines.

A CSV record may span several physical lines, see `csv_records.py`.
"""

import codecs
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from usage_pipeline.errors import UnreadableFileError, UnsettledFileError
from usage_pipeline.events.format_parts import FileType
from usage_pipeline.events.landing.blocks import faults_told, read_blocks, text_blocks
from usage_pipeline.events.landing.csv_records import csv_record_ends
from usage_pipeline.events.landing.division import (
    NEWLINE,
    Positions,
    line_ends,
    replace_records,
    starts_of,
    whole_records,
)
from usage_pipeline.events.landing.scan import LandingFile

BLOCK_BYTES = 1 << 22
MAX_LINE_BYTES = 1 << 24
SCHEMA = pa.schema([("line", pa.int64()), ("raw", pa.large_string()), ("utf8", pa.bool_())])

_WHITE = np.frombuffer(b" \t\r\n\x0b\x0c", dtype=np.uint8)


@dataclass
class LineCounts:
    """The physical lines that a reader has passed, and those of them that are no record of their own."""

    lines: int = 0
    header: int = 0
    continuation: int = 0
    blank: int = 0

    @property
    def validated(self) -> int:
        """The number of records, each of which is accepted, superseded, rejected or skipped."""
        return self.lines - self.header - self.continuation - self.blank


def read_header(file: Path, compression: str | None) -> str:
    """Return the first record of a CSV file that is not blank. Raises UnreadableFileError if there is none."""
    blocks = text_blocks(read_blocks(file, compression, BLOCK_BYTES))
    for data, ends in whole_records(blocks, csv_record_ends, MAX_LINE_BYTES):
        texts, _ = decoded(data, ends)
        headers = np.flatnonzero(~blank_texts(texts))
        if len(headers):
            return str(texts[int(headers[0])]).rstrip("\r\n")
    raise UnreadableFileError("it is empty, and its format needs a header; deliver the file again")


def read_first_line(file: Path, compression: str | None) -> str | None:
    """Return the first line that is not blank; None if there is none, or if it is not UTF-8."""
    blocks = text_blocks(read_blocks(file, compression, BLOCK_BYTES))
    for data, ends in whole_records(blocks, line_ends, MAX_LINE_BYTES):
        texts, utf8 = decoded(data, ends)
        lines = np.flatnonzero(~blank_texts(texts))
        if len(lines):
            first = int(lines[0])
            return str(texts[first]).rstrip("\r\n") if utf8[first].as_py() else None
    return None


def content_digest(file: Path, compression: str | None) -> str:
    """Return the SHA-256 of the decompressed bytes. Raises UnreadableFileError, also for UTF-16 and the like."""
    digest = hashlib.sha256()
    for _ in text_blocks(_digested(read_blocks(file, compression, BLOCK_BYTES), digest)):
        pass
    return digest.hexdigest()


def _digested(blocks: Iterator[bytes], digest: "hashlib._Hash") -> Iterator[bytes]:
    for block in blocks:
        digest.update(block)
        yield block


class LineReader:
    """Reads one file once. After the last batch `counts` and `digest` are complete.

    Raises UnreadableFileError, also if the file changed since the landing folder was scanned.
    """

    def __init__(self, file: Path, landing_file: LandingFile) -> None:
        """Take the file; it is opened when the first batch is read."""
        self.counts = LineCounts()
        self._file = file
        self._landing_file = landing_file
        self._is_csv = landing_file.format is FileType.CSV
        self._digest = hashlib.sha256()

    @property
    def digest(self) -> str:
        """The SHA-256 of the decompressed bytes that were read."""
        return self._digest.hexdigest()

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the file's records in order, as (line, raw, utf8), without header and blank lines."""
        blocks = read_blocks(self._file, self._landing_file.compression, BLOCK_BYTES)
        record_ends = csv_record_ends if self._is_csv else line_ends
        for data, ends in whole_records(text_blocks(_digested(blocks, self._digest)), record_ends, MAX_LINE_BYTES):
            yield self._without_header(self._without_blanks(self._counted(data, ends)))
        with faults_told():
            found = self._file.stat()
        if (found.st_size, found.st_mtime_ns) != (self._landing_file.size, self._landing_file.mtime_ns):
            raise UnsettledFileError("it changed while it was read; the next run reads it again")

    def _counted(self, data: bytes, ends: Positions) -> pa.RecordBatch:
        before, found = physical_lines(data, ends, is_csv=self._is_csv)
        numbers = before + self.counts.lines + 1
        self.counts.lines += found
        self.counts.continuation += found - len(ends)
        texts, utf8 = decoded(data, ends)
        return pa.record_batch([_int64(numbers), texts, utf8], schema=SCHEMA)

    def _without_blanks(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        blank = blank_texts(batch["raw"])
        if not blank.any():
            return batch
        self.counts.blank += int(blank.sum())
        return batch.filter(_boolean(~blank))

    def _without_header(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        if not self._is_csv or self.counts.header or not len(batch):
            return batch
        self.counts.header = 1
        return batch.slice(1)


def physical_lines(data: bytes, ends: Positions, *, is_csv: bool) -> tuple[Positions, int]:
    """Return the number of line ends before each record, and the number of lines."""
    if not is_csv:
        return np.arange(len(ends), dtype=np.int64), len(ends)
    newlines = np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == NEWLINE)
    return np.searchsorted(newlines, starts_of(ends)), len(newlines) + (0 if data.endswith(b"\n") else 1)


def blank_texts(texts: pa.LargeStringArray) -> NDArray[np.bool_]:
    """Return True for each text that is only white space."""
    blank = np.zeros(len(texts), dtype=bool)
    _, offsets, data = texts.buffers()
    starts = np.frombuffer(offsets, dtype=np.int64)[:-1]
    # Only lines that begin with white space, which are few, are read whole.
    candidates = np.flatnonzero(np.isin(np.frombuffer(data, dtype=np.uint8)[starts], _WHITE))
    if len(candidates):
        trimmed = pc.ascii_trim_whitespace(texts.take(_int64(candidates)))
        blank[candidates] = np.diff(np.frombuffer(trimmed.buffers()[1], dtype=np.int64)) == 0
    return blank


def decoded(data: bytes, ends: Positions) -> tuple[pa.LargeStringArray, pa.Array]:
    """Return the records as texts, with False for each that is not UTF-8; its wrong bytes are replaced."""
    utf8 = np.ones(len(ends), dtype=bool)
    texts = _texts(data, ends)
    try:
        texts.validate(full=True)
    except pa.ArrowInvalid:
        wrong = _not_utf8(data, ends)
        utf8[wrong] = False
        starts = starts_of(ends)
        repaired = {at: data[starts[at] : ends[at]].decode(errors="replace").encode() for at in wrong}
        texts = _texts(*replace_records(data, ends, repaired))
    return texts, _boolean(utf8)


def _texts(data: bytes, ends: Positions) -> pa.LargeStringArray:
    offsets = np.append(starts_of(ends), len(data))
    return pa.LargeStringArray.from_buffers(len(ends), pa.py_buffer(offsets), pa.py_buffer(data))


# Not `pa.array`, which imports pandas if it is installed: half a second.
def _int64(values: Positions) -> pa.Int64Array:
    return pa.Array.from_buffers(pa.int64(), len(values), [None, pa.py_buffer(values)])


def _boolean(values: NDArray[np.bool_]) -> pa.BooleanArray:
    return pa.Array.from_buffers(
        pa.bool_(), len(values), [None, pa.py_buffer(np.packbits(values, bitorder="little"))]
    )


def _not_utf8(data: bytes, ends: Positions) -> list[int]:
    found: list[int] = []
    position = 0
    while position < len(data):
        try:
            codecs.utf_8_decode(memoryview(data)[position:], "strict", True)  # noqa: FBT003 - positional only
            break
        except UnicodeDecodeError as error:
            found.append(int(np.searchsorted(ends, position + error.start, side="right")))
            position = int(ends[found[-1]])
    return found
