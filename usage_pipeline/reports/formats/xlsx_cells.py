"""What a cell of a workbook is: a number where a spreadsheet's double holds all its digits, else a text."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from usage_pipeline.reports.display import Kind
from usage_pipeline.reports.formats.json_file import exact_value

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

_COUNTED_EXACTLY = 2**53
"""Below it, a double holds each whole number."""
_DIGITS = 15
"""So many significant digits survive as a double."""
_LONGEST_TEXT = 32_767
_LONGEST_NAME = 31
_NOT_IN_A_NAME = str.maketrans("[]:*?/\\", "()     ")

Style = tuple[tuple[str, object], ...]
"""Properties of a format of XlsxWriter."""

PLAIN: Style = ()
BOLD: Style = (("bold", True),)
HEADER: Style = (*BOLD, ("bg_color", "#E8EDF2"), ("bottom", 1), ("text_wrap", True), ("valign", "top"))
TOTAL: Style = (*BOLD, ("top", 1))
TITLE: Style = (*BOLD, ("font_size", 16))
_RIGHT: Style = (("align", "right"),)


def is_exact(value: Decimal) -> bool:
    """Return whether a double holds all digits of a number."""
    if value == value.to_integral_value():
        return abs(value) < _COUNTED_EXACTLY
    return len("".join(map(str, value.as_tuple().digits)).strip("0")) <= _DIGITS


def number_format(value: int | Decimal, kind: Kind, places: int) -> str:
    """Return how a spreadsheet shows a number: rounded as in the other forms of a report, or as it is."""
    if isinstance(value, int):
        return "#,##0"
    decimals = places if kind.is_rounded else len(f"{value:f}".partition(".")[2])
    return f"#,##0.{'0' * decimals}" if decimals else "#,##0"


def sheet_names(titles: Iterable[str]) -> Iterator[str]:
    """Yield a name for each sheet: at most 31 characters, all that are allowed, and none twice in any case."""
    taken: set[str] = {"history", ""}  # a name that Excel keeps for itself, and no name
    for title in titles:
        cleaned = title.translate(_NOT_IN_A_NAME).strip(" '")
        name, number = cleaned[:_LONGEST_NAME].strip(" '"), 1
        while name.casefold() in taken:
            number += 1
            ending = f" ({number})"
            name = cleaned[: _LONGEST_NAME - len(ending)].strip(" '") + ending
        taken.add(name.casefold())
        yield name


@dataclass
class Pen:
    """Writes values into cells. Cells that look alike share one format of the workbook."""

    workbook: "Workbook"
    _formats: "dict[tuple[Style, str], Format]" = field(default_factory=dict)

    def text(self, sheet: "Worksheet", row: int, at: int, text: str, style: Style = PLAIN) -> None:
        """Write a text, which is never a formula, a number or a link."""
        cut = text if len(text) <= _LONGEST_TEXT else f"{text[: _LONGEST_TEXT - 1]}…"
        sheet.write_string(row, at, cut, self._format(style))

    def value(  # noqa: PLR0913, PLR0917 - a place, what is written there, and how it looks
        self,
        sheet: "Worksheet",
        row: int,
        at: int,
        value: object,
        kind: Kind,
        places: int,
        style: Style = PLAIN,
    ) -> None:
        """Write a value of a table; nothing at all is an empty cell."""
        match value:
            case None:
                sheet.write_blank(row, at, None, self._format(style))
            case bool():
                sheet.write_boolean(row, at, value, self._format(style))
            case int() | Decimal() if is_exact(Decimal(value)):
                sheet.write_number(row, at, float(value), self._format(style, number_format(value, kind, places)))
            case int() | Decimal():
                self.text(sheet, row, at, str(exact_value(value)), (*style, *_RIGHT))
            case datetime():
                moment = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
                sheet.write_datetime(row, at, moment, self._format(style, "yyyy-mm-dd hh:mm:ss"))
            case date():
                sheet.write_datetime(row, at, value, self._format(style, "yyyy-mm-dd"))
            case _:
                self.text(sheet, row, at, str(value), style)

    def _format(self, style: Style, shown: str = "General") -> "Format":
        if (style, shown) not in self._formats:
            self._formats[style, shown] = self.workbook.add_format({**dict(style), "num_format": shown})
        return self._formats[style, shown]
