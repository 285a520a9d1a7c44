"""Divides blocks of text into whole records; the records do not depend on the ends of the blocks.

`line_ends` and `csv_record_ends` (in `csv_records.py`) find the ends of records.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Positions: TypeAlias = NDArray[np.int64]
NEWLINE, RETURN = 0x0A, 0x0D
_LINE_END_BYTES = 2
_CUT_MARK = "…".encode()


class RecordEnds(Protocol):
    """Finds the positions after the records of a text that begins with one."""

    def __call__(self, data: bytes, limit: int, *, final: bool) -> Positions:
        """Leave out ends that depend on text that follows, unless `final`, when nothing follows.

        With a line end and `limit` + 2 bytes an end is never left out, because the record is over the limit.
        """


def whole_records(
    blocks: Iterable[bytes], record_ends: RecordEnds, limit: int
) -> Iterator[tuple[bytes, Positions]]:
    """Yield text of whole records, with the position after each.

    A record over `limit` bytes is cut to its first `limit` bytes, followed by "…" and its line end if it has one.
    """
    rest = b""
    for block in blocks:
        data = rest + block
        ends = record_ends(data, limit, final=False)
        whole = int(ends[-1]) if len(ends) else 0
        if whole:
            yield _cut(data[:whole], ends, limit)
        # The rest fits into the limit, or is one line over the limit that will be cut there.
        rest = data[whole : whole + limit + _LINE_END_BYTES]
    if rest:
        yield _cut(rest, record_ends(rest, limit, final=True), limit)


def uncut_records(
    blocks: Iterable[bytes], record_ends: RecordEnds, limit: int
) -> Iterator[tuple[bytes, Positions]]:
    """Yield the same records with all their bytes."""
    rest = b""
    for block in blocks:
        data = rest + block
        ends = record_ends(data, limit, final=False)
        whole = int(ends[-1]) if len(ends) else 0
        if whole:
            yield data[:whole], ends
        rest = data[whole:]
    if rest:
        yield rest, record_ends(rest, limit, final=True)


def line_ends(data: bytes, limit: int, *, final: bool) -> Positions:  # noqa: ARG001 - as RecordEnds
    """Find the ends of lines, each of which is a record."""
    ends = np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == NEWLINE) + 1
    return np.append(ends, len(data)) if final and not data.endswith(b"\n") else ends


def size_without_line_end(record: bytes) -> int:
    """Return the number of bytes of a record without the LF or CRLF at its end."""
    return len(record) - (2 if record.endswith(b"\r\n") else record.endswith(b"\n"))


def starts_of(ends: Positions) -> Positions:
    """Return the positions of the starts of records that have these ends."""
    return np.concatenate([[0], ends[:-1]]).astype(np.int64)


def over_limit(data: bytes, ends: Positions, limit: int) -> Positions:
    """Return the indexes of records with more than `limit` bytes without their line end."""
    starts = starts_of(ends)
    longer = np.flatnonzero(ends - starts > limit)
    sizes = [size_without_line_end(data[starts[record] : ends[record]]) for record in longer]
    return longer[np.array(sizes, dtype=np.int64) > limit]


def replace_records(data: bytes, ends: Positions, texts: Mapping[int, bytes]) -> tuple[bytes, Positions]:
    """Replace the texts of some records, given by index in ascending order."""
    starts = starts_of(ends)
    lengths = ends - starts
    pieces = []
    kept = 0
    for record, text in texts.items():
        pieces += [data[kept : starts[record]], text]
        kept = int(ends[record])
        lengths[record] = len(text)
    return b"".join([*pieces, data[kept:]]), np.cumsum(lengths)


def _cut(data: bytes, ends: Positions, limit: int) -> tuple[bytes, Positions]:
    long = over_limit(data, ends, limit)
    if not len(long):
        return data, ends
    starts = starts_of(ends)
    texts = {
        int(record): data[starts[record] : starts[record] + limit]
        + _CUT_MARK
        + (b"\n" if data[ends[record] - 1] == NEWLINE else b"")
        for record in long
    }
    return replace_records(data, ends, texts)
