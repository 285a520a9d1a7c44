"""Finds the ends of CSV records, in a text whose quotes may be broken.

A quote opens a field after a comma and at the start of a record, and closes it before a comma, a line end
and the end of the text; two quotes within a quoted field are one quote of its text. Line ends within quotes do
not end a record. If a record breaks these rules, only its first line is a record, and the next record begins
with the next line: a stray quote costs one line, never the rest of the file.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from usage_pipeline.events.landing.division import NEWLINE, RETURN, Positions, line_ends, over_limit

_QUOTE, _COMMA = 0x22, 0x2C
_BEFORE_OPENING = np.array([_COMMA, NEWLINE, _QUOTE], dtype=np.uint8)
_BEHIND_CLOSING = np.array([_COMMA, NEWLINE, RETURN, _QUOTE], dtype=np.uint8)
_LINE_END_BYTES = 2


def csv_record_ends(data: bytes, limit: int, *, final: bool) -> Positions:
    """Find the positions after the records of a text that begins with one; see `division.RecordEnds`.

    A record over `limit` bytes counts as broken, because its quote may never close.
    """
    lines = line_ends(data, limit, final=final)
    quotes = np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == _QUOTE)
    if not len(quotes):
        return lines
    open_bytes = 0 if final else limit + _LINE_END_BYTES
    text = _Text(len(data), open_bytes, lines, quotes, _readings(data, limit, lines, quotes))
    found = text.divide()
    return np.concatenate(found) if found else np.empty(0, dtype=np.int64)


@dataclass(frozen=True)
class _Reading:
    """The whole text, if every other quote, from the first or the second on, opens a field."""

    ends: Positions
    violations: Positions
    long: Positions
    """The indexes of the ends of records over the limit."""


@dataclass(frozen=True)
class _Text:
    """A text with the positions that `divide` needs, so that each of its steps is a few binary searches."""

    length: int
    open_bytes: int
    """A record with so many bytes and no end is over the limit, or open at the end of the text."""
    lines: Positions
    quotes: Positions
    readings: tuple[_Reading, _Reading]

    def divide(self) -> list[Positions]:
        """Return the ends in pieces: sound records up to the next broken one, then its first line."""
        found = []
        start = 0
        while start < self.length:
            sound, broken = self._sound_records(start)
            if len(sound):
                found.append(sound)
                start = int(sound[-1])
            line = self.lines.searchsorted(start, side="right")
            if start == self.length or not broken or line == len(self.lines):
                break
            found.append(self.lines[line : line + 1])
            start = int(self.lines[line])
        return found

    def _sound_records(self, start: int) -> tuple[Positions, bool]:
        """Return the ends of the records from `start` to a broken one, and True if there is one."""
        reading = self.readings[self.quotes.searchsorted(start) % 2]
        first = reading.ends.searchsorted(start, side="right")
        last = len(reading.ends)
        violation = reading.violations.searchsorted(start)
        if violation < len(reading.violations):
            last = reading.ends.searchsorted(reading.violations[violation], side="right")
        long = reading.long.searchsorted(first)
        if long < len(reading.long):
            last = min(last, reading.long[long])
        sound = reading.ends[first:last]
        if last < len(reading.ends) or violation < len(reading.violations):
            return sound, True
        open_bytes = self.length - (int(sound[-1]) if len(sound) else start)
        return sound, open_bytes >= self.open_bytes


def _readings(data: bytes, limit: int, lines: Positions, quotes: Positions) -> tuple[_Reading, _Reading]:
    array = np.frombuffer(data, dtype=np.uint8)
    # At the edges of the text a quote is its own neighbour, which allows it to open and to close.
    cannot_open = ~np.isin(array[np.maximum(quotes - 1, 0)], _BEFORE_OPENING)
    cannot_close = ~np.isin(array[np.minimum(quotes + 1, len(data) - 1)], _BEHIND_CLOSING)
    odd_quote = np.arange(len(quotes)) % 2 == 1
    odd_line = quotes.searchsorted(lines) % 2 == 1
    return (
        _reading(data, limit, lines[~odd_line], quotes[np.where(odd_quote, cannot_close, cannot_open)]),
        _reading(data, limit, lines[odd_line], quotes[np.where(odd_quote, cannot_open, cannot_close)]),
    )


def _reading(data: bytes, limit: int, ends: Positions, violations: NDArray[np.int64]) -> _Reading:
    return _Reading(ends, violations, over_limit(data, ends, limit))
