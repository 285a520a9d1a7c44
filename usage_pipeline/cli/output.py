"""Prints rows as a table for people, or as JSON or CSV for programs, and prints warnings."""

import csv
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TextIO

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from usage_pipeline.cli.options import OutputFormat
from usage_pipeline.csv_cells import harmless

_PIPE_WIDTH = 200
"""Characters of a line without a terminal."""


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
    error_console.print(f"[cyan]Note:[/cyan] {message}", highlight=False, soft_wrap=True)


def print_json(value: object) -> None:
    """Print a value as JSON, with days and times in ISO 8601."""
    sys.stdout.write(json.dumps(value, default=_plain, ensure_ascii=False) + "\n")


def _table(rows: Sequence[Row], columns: Sequence[str], title: str) -> Table:
    table = Table(title=title or None, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in columns:
        numeric = any(isinstance(row[name], int | Decimal) for row in rows)
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_cell(row[name]) for name in columns))
    return table


def _cell(value: object) -> str:
    if value is None:
        return "–"
    text = f"{value:,f}" if isinstance(value, Decimal) else f"{value:,}" if isinstance(value, int) else str(value)
    return text.replace("[", r"\[")


def _csv_cell(value: object) -> object:
    match value:
        case Mapping() | list() | tuple():
            return json.dumps(value, default=_plain, ensure_ascii=False)
        case Decimal():
            return _plain(value)
        case str():
            return harmless(value)
        case _:
            return value


def _plain(value: object) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
