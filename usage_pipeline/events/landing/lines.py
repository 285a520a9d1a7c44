"""A landing file as numbered lines in Arrow batches: decompressed, divided, decoded, without a loop over lines.

Lines are found by array operations on blocks of bytes. A CSV record may span several physical lines: a
line end within quotes does not end it. What a line means is not this module's business.
"""

import codecs
import gzip
import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import zstandard

from usage_pipeline.errors import UnreadableFileError
from usage_pipeline.events.landing.scan import LandingFile
from usage_pipeline.events.mapping_parts import Format

BLOCK_BYTES = 1 << 24
MAX_LINE_BYTES = 1 << 24
SCHEMA = pa.schema([("line", pa.int64()), ("raw", pa.large_string()), ("utf8", pa.bool_())])

_BOM = b"\xef\xbb\xbf"
_NEWLINE, _QUOTE = 0x0A, 0x22
_WHITE = np.frombuffer(b" \t\r\n\x0b\x0c", dtype=np.uint8)


@dataclass
class LineCounts:
    """How many physical lines a reader has passed, and how many of them are no record of their own."""

    lines: int = 0
    header: int = 0
    continuation: int = 0
    blank: int = 0

    @property
    def judged(self) -> int:
        """The records: each is accepted or rejected."""
        return self.lines - self.header - self.continuation - self.blank


def read_header(file: Path, compression: str | None) -> str:
    """The first line that is not blank. Raises UnreadableFileError when there is none."""
    start = b""
    for block in _blocks(file, compression):
        start = (start + block).lstrip(_BOM + b" \t\r\n")
        if b"\n" in start or len(start) > MAX_LINE_BYTES:
            break
    if not start:
        raise UnreadableFileError("it is empty, and its format needs a header; deliver the file again")
    return start.split(b"\n", 1)[0].decode(errors="replace").rstrip("\r")


def content_digest(file: Path, compression: str | None) -> str:
    """The SHA-256 of the decompressed bytes. Raises UnreadableFileError."""
    digest = hashlib.sha256()
    for block in _blocks(file, compression):
        digest.update(block)
    return digest.hexdigest()


class LineReader:
    """Reads one file once. After the last batch `counts` is complete.

    Raises UnreadableFileError, also when the content is not what `expected_digest` says: then the file
    was changed while it was read, and is landed again by the next run.
    """

    def __init__(self, file: Path, landing_file: LandingFile, expected_digest: str) -> None:
        """Prepare to read; nothing is opened before the first batch is asked for."""
        self.counts = LineCounts()
        self.error: UnreadableFileError | None = None
        self._file = file
        self._compression = landing_file.compression
        self._quoted = self._has_header = landing_file.format is Format.CSV
        self._expected_digest = expected_digest

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The file's records in order, as (line, raw, utf8), without header and blank lines."""
        try:
            yield from self._batches()
        except UnreadableFileError as error:
            self.error = error  # DuckDB, which asks for the batches, turns it into an error of its own
            raise

    def _batches(self) -> Iterator[pa.RecordBatch]:
        digest = hashlib.sha256()
        rest = b""
        first = True
        for block in _blocks(self._file, self._compression):
            digest.update(block)
            data = rest + (block.removeprefix(_BOM) if first else block)
            first = False
            ends = self._record_ends(data)
            whole = int(ends[-1]) if len(ends) else 0
            if whole:
                yield self._batch(data[:whole], ends)
            # A line over the limit is rejected for its length: what comes after the limit need not be kept.
            rest = data[whole:][: MAX_LINE_BYTES + 1]
        if rest:
            yield self._batch(rest, np.array([len(rest)]))
        if digest.hexdigest() != self._expected_digest:
            raise UnreadableFileError("it changed while it was read; the next run reads it again")

    def _record_ends(self, data: bytes) -> np.ndarray:
        """Positions just behind each line end that ends a record."""
        array = np.frombuffer(data, dtype=np.uint8)
        ends = np.flatnonzero(array == _NEWLINE) + 1
        if self._quoted and len(ends):
            quotes = np.flatnonzero(array == _QUOTE)
            ends = ends[np.searchsorted(quotes, ends) % 2 == 0]
        return ends

    def _batch(self, data: bytes, ends: np.ndarray) -> pa.RecordBatch:
        data, ends, utf8 = _decodable(data, ends)
        offsets = np.concatenate([[0], ends]).astype(np.int64)
        newlines = np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == _NEWLINE)
        physical = len(newlines) + (0 if data.endswith(b"\n") else 1)
        numbers = np.searchsorted(newlines, offsets[:-1]) + self.counts.lines + 1
        self.counts.lines += physical
        self.counts.continuation += physical - len(ends)
        raw = pa.LargeStringArray.from_buffers(len(ends), pa.py_buffer(offsets), pa.py_buffer(data))
        batch = pa.record_batch([pa.array(numbers), raw, utf8], schema=SCHEMA)
        return self._without_header(self._without_blanks(batch, data, offsets))

    def _without_blanks(self, batch: pa.RecordBatch, data: bytes, offsets: np.ndarray) -> pa.RecordBatch:
        # Few lines begin with white space: only those are looked at whole.
        first = np.frombuffer(data, dtype=np.uint8)[offsets[:-1]]
        candidates = np.flatnonzero(np.isin(first, _WHITE))
        if not len(candidates):
            return batch
        texts = batch["raw"].take(pa.array(candidates))
        empty = pc.equal(pc.binary_length(pc.utf8_trim_whitespace(texts)), 0).to_numpy(zero_copy_only=False)
        keep = np.ones(len(batch), dtype=bool)
        keep[candidates[empty]] = False
        self.counts.blank += int(empty.sum())
        return batch.filter(pa.array(keep))

    def _without_header(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        if not self._has_header or self.counts.header or not len(batch):
            return batch
        self.counts.header = 1
        return batch.slice(1)


def _decodable(data: bytes, ends: np.ndarray) -> tuple[bytes, np.ndarray, pa.Array]:
    """The same records with those that are not UTF-8 made so, and which of them were."""
    bad: list[int] = []
    position = 0
    while position < len(data):
        try:
            codecs.utf_8_decode(memoryview(data)[position:], "strict", True)  # noqa: FBT003 - positional only
            break
        except UnicodeDecodeError as error:
            record = int(np.searchsorted(ends, position + error.start, side="right"))
            bad.append(record)
            position = int(ends[record])
    utf8 = np.ones(len(ends), dtype=bool)
    if bad:
        utf8[bad] = False
        starts = np.concatenate([[0], ends[:-1]])
        pieces = []
        lengths = ends - starts
        kept = 0
        for record in bad:
            mended = data[starts[record] : ends[record]].decode(errors="replace").encode()
            pieces += [data[kept : starts[record]], mended]
            kept = int(ends[record])
            lengths[record] = len(mended)
        data = b"".join([*pieces, data[kept:]])
        ends = np.cumsum(lengths)
    return data, ends, pa.array(utf8)


def _blocks(file: Path, compression: str | None) -> Iterator[bytes]:
    try:
        with file.open("rb") as stream:
            if compression is not None and not file.stat().st_size:
                raise UnreadableFileError(f"the {compression} data is truncated; deliver the file again")
            match compression:
                case "gzip":
                    yield from _gzip_blocks(stream)
                case "zstd":
                    yield from _zstd_blocks(stream)
                case _:
                    while block := stream.read(BLOCK_BYTES):
                        yield block
    except OSError as error:
        raise UnreadableFileError(f"{error.strerror or error}; check the file and its permissions") from None


def _gzip_blocks(stream: BinaryIO) -> Iterator[bytes]:
    try:
        with gzip.GzipFile(fileobj=stream) as plain:
            while block := plain.read(BLOCK_BYTES):
                yield block
    except EOFError:
        raise UnreadableFileError("the gzip data is truncated; deliver the file again") from None
    except (gzip.BadGzipFile, zlib.error):
        # Without the library's text: it may quote bytes of the file.
        raise UnreadableFileError("the gzip data is corrupt; deliver the file again") from None


def _zstd_blocks(stream: BinaryIO) -> Iterator[bytes]:
    # The library's stream reader takes a truncated file for a whole one; its decompressor object knows.
    frame = zstandard.ZstdDecompressor().decompressobj()
    open_frame = False
    try:
        while block := stream.read(BLOCK_BYTES >> 3):
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
