"""`python -m bench.insights` prints the tables of docs/forecasting.md."""

import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from bench.insights.aider import measure_aider
from bench.insights.backtests import measure_backtests
from bench.insights.large import measure_large
from bench.insights.planted import measure_planted
from bench.insights.result import Result
from bench.insights.short import measure_short
from bench.measuring import ROOT
from bench.publishing import update_marked

PAGE = ROOT / "docs" / "forecasting.md"
_WORK = Path("bench/work")
_PIPE_WIDTH = 160

app = typer.Typer(rich_markup_mode="markdown", pretty_exceptions_enable=False, add_completion=False)
console = Console(width=None if sys.stdout.isatty() else _PIPE_WIDTH)
Tell = Callable[[str], None]


class Part(StrEnum):
    """What can be measured."""

    PLANTED = "planted"
    BACKTESTS = "backtests"
    SHORT = "short"
    AIDER = "aider"
    LARGE = "large"


_MEASURES: Mapping[Part, Callable[[Path, Tell], Result]] = {
    Part.PLANTED: lambda _, tell: measure_planted(tell),
    Part.BACKTESTS: lambda _, tell: measure_backtests(tell),
    Part.SHORT: lambda _, tell: measure_short(tell),
    Part.AIDER: measure_aider,
    Part.LARGE: measure_large,
}


@app.command()
def insights(
    *,
    only: Annotated[list[Part] | None, typer.Option(help="Only this part; may be given again.")] = None,
    work_dir: Annotated[Path, typer.Option(help="Where data is made and then removed.")] = _WORK,
    publish: Annotated[
        bool, typer.Option("--publish", help="Write the tables to docs/forecasting.md, too.")
    ] = False,
) -> None:
    """Measure what insights find and foresee, and what they take; print tables and bars.

    All of it takes some minutes. Run it from the project's folder. The real logs are expected in `../shared/data`;
    what needs one that is not there is left out. The exit code is 1 if a bar fails.

    Example: `python -m bench.insights --only planted --only backtests`
    """
    if publish and only:
        raise typer.BadParameter("--publish is for all parts")
    work = work_dir.absolute() / "insights"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        results = [_measure(part, work) for part in only or Part]
    finally:
        shutil.rmtree(work, ignore_errors=True)
    for result in results:
        _print(result)
    if publish:
        update_marked(PAGE, "\n\n".join(map(_markdown, results)))
    raise typer.Exit(0 if all(bar.passed for result in results for bar in result.bars) else 1)


def _measure(part: Part, work: Path) -> Result:
    with console.status(part) as status:
        return _MEASURES[part](work, lambda what: status.update(f"{part}: {what}"))


def _print(result: Result) -> None:
    _print_table(result.title, result.columns, result.rows)
    bars = [(bar.name, bar.limit, bar.found, "ok" if bar.passed else "FAILED") for bar in result.bars]
    if bars:
        _print_table("", ("Bar", "Limit", "Found", ""), bars)


def _print_table(title: str, columns: Sequence[str], rows: Sequence[tuple[str, ...]]) -> None:
    table = Table(title=title or None, title_justify="left", box=box.SIMPLE_HEAD)
    for number, name in enumerate(columns):
        table.add_column(name, justify="right" if number else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    console.print(table)


def _markdown(result: Result) -> str:
    head = [f"| {' | '.join(result.columns)} |", f"|---|{'---:|' * (len(result.columns) - 1)}"]
    return "\n".join([f"{result.title}:", "", *head, *(f"| {' | '.join(row)} |" for row in result.rows)])


if __name__ == "__main__":
    app()
