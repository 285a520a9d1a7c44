"""Lines of real logs, changed at random: bytes, fields and values. Quick, and the same for the same seed."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from random import Random
from typing import Any

_STRING = rb'"(?:[^"\\]|\\.)*"'
_LEAF = re.compile(rb"(%b)(?!:)|%b:|(-?[0-9][0-9.eE+-]*|true|false|null)" % (_STRING, _STRING))
VALUES = (
    *(b"0", b"-1", b"12.0", b"12.7", b"1e3", b"999999999999999", b"999999999999999999"),
    *(b"18446744073709551616", b"9" * 400, b"0." + b"1" * 60, b"NaN", b"-Infinity", b"0x1F", b"01"),
    *(b"true", b"false", b"null", b"[]", b"{}", b'[1,{"a":null}]', b'{"a":{"b":[[]]}}', b"[" * 60 + b"]" * 60),
    *(b'""', b'"x"', b'"-1"', b'"1e3"', b'" 1"', b'"NaN"', b'"\\u0000"', b'"a\\u0000b"', b'"\\ud83d\\ude00"'),
    *(b'"\\ud800"', b'"\\"\\\\\\n"', '"\u202e\u00a0\ufeff"'.encode(), b'"' + b"x" * 300 + b'"', b'"\t"'),
    *(b'"globex"', b'" acme"', b'"acme\\n"', b'"' + b"t" * 200 + b'"', b'"no such type"', b'"command_\\u0000"'),
    *(b'"0001-01-01T00:00:00Z"', b'"9999-12-31T23:59:59.999999999Z"', b'"0000-00-00T00:00:00Z"', b"99999999999"),
    *(b'"2026-02-20T23:59:60Z"', b'"2026-02-20T08:00:00"', b"-62135596800"),
    *(b'"2026-02-20T08:00:00+14:59"', b'"infinity"', b'"epoch"', b'"294247-01-10T04:00:54Z"', b"253402300800"),
)
UNSETTLED = (b"1E-7", b"-0.0", b"1e400", b"123456789012345678.0", b'"2026-02-20T24:00:00Z"')
"""Values of which the rules do not say which columns take them."""
NOISE = (b'"', b'""', b"'", b",", b":", b"{", b"}", b"\\", b"\n", b"\r", b"\r\n", b"\0", b"\x01", b"\x1a", b"\x7f")
NOISE = (*NOISE, b"\xff", b"\xc3", b"\xe2\x80\xa8", b"\xef\xbb\xbf", b" ", b"\t", b"//", b"NaN", b"null", b"\n\n")


@dataclass(frozen=True)
class Base:
    """A line that is good: its pieces, and between them the values."""

    pieces: tuple[bytes, ...]
    leaves: tuple[bytes, ...]
    pairs: tuple[bytes, ...]
    id_leaf: bytes | None

    @classmethod
    def of_json(cls, line: dict[str, Any], id_field: str | None) -> "Base":
        """A JSON line whose id, if it has one, stands in this field."""
        text = _dump(line)
        pairs = tuple(_dump({name: value})[1:-1] for name, value in line.items())
        spans = [found.span() for found in _LEAF.finditer(text) if found[1] or found[2]]  # the others are names
        edges = [0, *(edge for span in spans for edge in span), len(text)]
        pieces = tuple(text[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True))
        leaves = tuple(text[start:end] for start, end in spans)
        return cls(pieces, leaves, pairs, _dump(line[id_field]) if id_field else None)

    @classmethod
    def of_csv(cls, line: bytes) -> "Base":
        """A row without quotes."""
        cells = tuple(line.split(b","))
        return cls((b"", *[b","] * (len(cells) - 1), b""), cells, (), None)

    def with_leaves(self, leaves: Sequence[bytes]) -> bytes:
        """The line with other values."""
        parts = [part for pair in zip(self.pieces, leaves, strict=False) for part in pair]
        return b"".join([*parts, self.pieces[-1]])


def _dump(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


class Mutator:
    """Makes lines of these bases. Each good line has an id of its own, but for one in ten."""

    def __init__(self, seed: int, bases: Sequence[Base], values: Sequence[bytes]) -> None:
        """Begin anew with this seed; some changed lines take one of the values."""
        self._random = Random(seed)  # noqa: S311 - a test that can be repeated, no secret
        self._bases = bases
        self._values = values
        self._ids = count()
        self._leaves = [leaf for base in bases for leaf in base.leaves]
        self._changes: tuple[Callable[[Base], bytes], ...] = (
            *(self._value, self._value, self._swapped, self._field, self._noise, self._noise),
            *(self._flipped, self._shorter, self._truncated, self._joined),
        )

    def content(self, lines: int, share: float) -> bytes:
        """So many lines, of which this share is changed; a change may make two lines of one, or one of two."""
        random, choice = self._random.random, self._random.choice
        made = [self._good(choice(self._bases)) if random() >= share else self._changed() for _ in range(lines)]
        ends = (b"\n", b"\r\n") if random() < share else (b"\n",)
        return b"".join(line + choice(ends) for line in made)[: -1 if random() < share else None]

    def _changed(self) -> bytes:
        base, change = self._random.choice(self._bases), self._random.choice(self._changes)
        return change(base)

    def _good(self, base: Base) -> bytes:
        line = base.with_leaves(base.leaves)
        if base.id_leaf is None or self._random.random() < 0.1:
            return line
        return line.replace(base.id_leaf, b'"e%d"' % next(self._ids), 1)

    def _value(self, base: Base) -> bytes:
        leaves = list(base.leaves)
        leaves[self._random.randrange(len(leaves))] = self._random.choice(self._values)
        return base.with_leaves(leaves)

    def _swapped(self, base: Base) -> bytes:
        leaves = list(base.leaves)
        leaves[self._random.randrange(len(leaves))] = self._random.choice(self._leaves)
        return base.with_leaves(leaves)

    def _field(self, base: Base) -> bytes:
        if not base.pairs:
            return self._swapped(base)
        pairs = list(base.pairs)
        pair = pairs.pop(self._random.randrange(len(pairs)))
        if self._random.random() < 0.5:
            pairs += [pair, self._random.choice(self._random.choice(self._bases).pairs)]
        return b"{" + b",".join(pairs) + b"}"

    def _noise(self, base: Base) -> bytes:
        line = self._good(base)
        position = self._random.randint(0, len(line))
        return line[:position] + self._random.choice(NOISE) + line[position:]

    def _flipped(self, base: Base) -> bytes:
        line = bytearray(self._good(base))
        line[self._random.randrange(len(line))] ^= 1 << self._random.randrange(8)
        return bytes(line)

    def _shorter(self, base: Base) -> bytes:
        line = self._good(base)
        position = self._random.randrange(len(line))
        return line[:position] + line[position + self._random.randint(1, 3) :]

    def _truncated(self, base: Base) -> bytes:
        line = self._good(base)
        return line[: self._random.randrange(len(line))]

    def _joined(self, base: Base) -> bytes:
        return self._good(base) + self._good(self._random.choice(self._bases))
