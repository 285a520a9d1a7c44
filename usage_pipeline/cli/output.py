"""Prints rows as a table for people, or as JSON or CSV for programs, and prints warnings."""

import csv
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TextIO

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from usage_pipeline.cli.options import OutputFormat
from usage_pipeline.csv_cells import harmless

_PIPE_WIDTH = 200
"""Characters of a line without a terminal."""
_PADDING = 1
"""Blanks behind each cell."""
_BETWEEN = _PADDING + 1
"""Blanks between two columns: that, and the line that the box does not draw."""


def _console(stream: TextIO, *, stderr: bool) -> Console:
    return Console(stderr=stderr, width=None if stream.isatty() else _PIPE_WIDTH)


console = _console(sys.stdout, stderr=False)
error_console = _console(sys.stderr, stderr=True)

Row = Mapping[str, object]


def print_rows(rows: Sequence[Row], columns: Sequence[str], form: OutputFormat, title: str = "") -> None:
    """Print the rows with exact numbers. An absent value is null, an empty field or a dash."""
    match form:
        case OutputFormat.JSON:
            print_json([{name: row[name] for name in columns} for row in rows])
        case OutputFormat.CSV:
            writer = csv.writer(sys.stdout, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows([_csv_cell(row[name]) for name in columns] for row in rows)
        case OutputFormat.TABLE:
            console.print(_table(rows, columns, title))


def say(*lines: str) -> None:
    """Print lines without markup."""
    for line in lines:
        console.print(line.rstrip(), markup=False, highlight=False, soft_wrap=True)


def warn(message: str) -> None:
    """Print a warning."""
    error_console.print(f"[yellow]Warning:[/yellow] {escape(message)}", highlight=False, soft_wrap=True)


def note(message: str) -> None:
    """Print what is worth knowing and no fault, where warnings go."""
    error_console.print(f"[cyan]Note:[/cyan] {escape(message)}", highlight=False, soft_wrap=True)


def print_json(value: object) -> None:
    """Print a value as JSON, with days and times in ISO 8601."""
    sys.stdout.write(json.dumps(value, default=_plain, ensure_ascii=False) + "\n")


def _table(rows: Sequence[Row], columns: Sequence[str], title: str) -> Table:
    told = Text(title) if title else None
    table = Table(title=told, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, _PADDING, 0, 0))
    for name in columns:
        numeric = any(_is_number(row[name]) for row in rows)
        table.add_column(Text(name), justify="right" if numeric else "left", overflow="fold")
    cells = [[_cell(row[name]) for name in columns] for row in rows]
    for cell_row in _joined(cells) if _fits(cells, columns) else cells:
        table.add_row(*map(Text, cell_row))
    return table


def _fits(cells: Sequence[Sequence[str]], columns: Sequence[str]) -> bool:
    """Whether there are rows, every cell is one line as it is, and the console is wide enough for them."""
    widths = (max(map(cell_len, (name, *column))) for name, *column in zip(columns, *cells, strict=True))
    are_lines = all(cell.isprintable() for row in cells for cell in row)
    return bool(cells) and are_lines and sum(widths) + _BETWEEN * (len(columns) + 1) <= console.width


def _joined(cells: Sequence[Sequence[str]]) -> Iterator[Sequence[str]]:
    """Yield the rows as one, each column a cell of as many lines, because measuring cells takes longest."""
    yield ["\n".join(column) for column in zip(*cells, strict=True)]


def _is_number(value: object) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _cell(value: object) -> str:
    match value:
        case None:
            return "–"
        case bool():
            return "yes" if value else "no"
        case Decimal():
            return f"{value:,f}"
        case int():
            return f"{value:,}"
        case _:
            return str(value)


def _csv_cell(value: object) -> object:
    match value:
        case Mapping() | list() | tuple():
            return json.dumps(value, default=_plain, ensure_ascii=False)
        case Decimal():
            return _plain(value)
        case bool():
            return "true" if value else "false"
        case str():
            return harmless(value)
        case _:
            return value


def _plain(value: object) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
