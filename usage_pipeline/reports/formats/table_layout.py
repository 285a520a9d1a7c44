"""How wide the columns of a table are on paper. To let Typst find it takes as long as all else of a table.

Widths are in points; those of letters are upper bounds for Noto Sans, so that nothing runs into the next column.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from usage_pipeline.reports.model import Column, Table

UPRIGHT, ACROSS = 595 - 2 * 42, 842 - 2 * 42
"""The room between the margins of `report.typ`, on A4."""

_SIZE: Final = 8.0
"""Of letters, unless the numbers of a table need more room than there is."""
_BESIDE_A_CELL: Final = 8.5
_DIGIT, _COMMA, _BOLD = 0.573, 0.29, 1.08
_OF_LETTERS: Final = {
    **dict.fromkeys("abcdefghijklnopqrstuvxyz0123456789-_.,:/ ", 0.62),
    **dict.fromkeys("wABCDEFGHIJKLNOPQRSTUVXYZ", 0.79),
}
_OF_OTHERS: Final = 1.3
"""The widest letters are emoji."""
_LEAST_OF_NAMES: Final = 14.5
"""Letters have this room at least; `report.typ` breaks words that may need more."""
_MOST_OF_HEADERS: Final = 10.0
"""Longer headers are broken between words."""
_LONG_NAME: Final = 100
"""Letters of a name that may need many lines."""


@dataclass(frozen=True)
class Layout:
    """A table with what its columns need at the usual size."""

    table: Table
    least_widths: tuple[float, ...]
    """Without breaking a number or a word of the header."""
    full_widths: tuple[float, ...]
    """Without breaking anything."""

    @cached_property
    def least(self) -> float:
        """The least width of the table."""
        return sum(self.least_widths)

    @cached_property
    def has_long_names(self) -> bool:
        """Whether a row may need more than a page."""
        return any(len(cell) > _LONG_NAME for line in self.table.lines for cell in line.cells)

    def size(self, room: float) -> float:
        """Return the size of letters in this room."""
        return _SIZE * min(1.0, room / self.least)

    def widths(self, room: float) -> list[float]:
        """Return the widths of the columns in this room: what numbers leave goes to the names that need it."""
        shrunk = min(1.0, room / self.least)
        wanted = sum(self.full_widths) - self.least
        part = min(1.0, max(0.0, room - self.least) / wanted) if wanted else 0.0
        pairs = zip(self.least_widths, self.full_widths, strict=True)
        return [shrunk * (least + (full - least) * part) for least, full in pairs]


def layout_of(table: Table) -> Layout:
    """Return the layout of a table."""
    cells_of = list(zip(*(line.cells for line in table.lines), strict=True)) or [()] * len(table.columns)
    widths = [_widths(column, cells) for column, cells in zip(table.columns, cells_of, strict=True)]
    return Layout(table, tuple(least for least, _ in widths), tuple(full for _, full in widths))


def _widths(column: Column, cells: Iterable[str]) -> tuple[float, float]:
    """Return the least and the full width of a column."""
    longest_word = max(map(_of_text, column.label.split())) * _BOLD
    full = max(map(_of_number if column.kind.is_number else _of_text, set(cells)), default=0.0)
    least = full if column.kind.is_number else min(full, _LEAST_OF_NAMES)
    header = max(longest_word, min(_of_text(column.label) * _BOLD, _MOST_OF_HEADERS))
    return max(longest_word, least) * _SIZE + _BESIDE_A_CELL, max(header, full) * _SIZE + _BESIDE_A_CELL


def _of_number(cell: str) -> float:
    return len(cell) * _DIGIT - cell.count(",") * (_DIGIT - _COMMA)


def _of_text(text: str) -> float:
    return sum(_OF_LETTERS.get(letter, _OF_OTHERS) for letter in text)
