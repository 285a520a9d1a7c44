"""The command line of the benchmark."""

import os
import sys
from collections.abc import Collection
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench.bars import validate
from bench.datasets import EVENTS
from bench.errors import BenchError
from bench.measuring import ROOT
from bench.publishing import update_page, write_files
from bench.real_log import LOG
from bench.report import print_results
from bench.results import Results
from bench.running import Bench
from bench.sections import Section, cases_of
from bench.subjects.catalogue import SUBJECTS, Kind

REPETITIONS = 3
_WORK = Path("bench/work")
_PIPE_WIDTH = 140

app = typer.Typer(rich_markup_mode="markdown", pretty_exceptions_enable=False, add_completion=False)
console = Console(width=None if sys.stdout.isatty() else _PIPE_WIDTH)


@app.command()
def bench(  # noqa: PLR0913 - one parameter per option
    *,
    only: Annotated[list[Section] | None, typer.Option(help="Only this section; may be given again.")] = None,
    events: Annotated[int, typer.Option(min=1000, help="Events of the day; bars are for 4 million.")] = EVENTS,
    repeat: Annotated[int, typer.Option(min=1, help="Runs of each subject; the median counts.")] = REPETITIONS,
    work_dir: Annotated[Path, typer.Option(help="Where data is made and then removed.")] = _WORK,
    out: Annotated[Path | None, typer.Option(help="Folder for results.json and results.png.")] = None,
    against: Annotated[Path | None, typer.Option(help="An earlier results.json to compare medians with.")] = None,
    publish: Annotated[
        bool, typer.Option("--publish", help="Write to bench/ and docs/benchmarks.md instead.")
    ] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the data that was made.")] = False,
    data: Annotated[
        Path | None, typer.Option(help="Folder in which data that was made stays, and is found by later runs.")
    ] = None,
) -> None:
    """Measure the pipeline beside raw conversions and a pandas script; print tables and bars.

    Each run is a process of its own, and finds nothing in memory. All of it takes about an hour and 25 GB of disk,
    and needs Linux. Run it from the project's folder. The exit code is 1 if a bar fails.

    Example: `python -m bench --only day --events 200000 --repeat 1`

    Example: `python -m bench --only small`

    Example: `python -m bench --only api --repeat 1 --data ../bench-data`

    Example: `python -m bench --only growth --only history --out bench/work/results`
    """
    sections = only or list(Section)
    missing = _without_package()
    if publish and (missing or only or events != EVENTS or repeat < REPETITIONS):
        raise typer.BadParameter("--publish is for the whole benchmark; `make bench` runs it")
    kept = data and data.absolute()
    runner = Bench(events, repeat, work_dir.absolute(), console, kept=kept)
    try:
        results = runner.run(cases_of(sections, [*missing, *without_log(sections, LOG)]))
    finally:
        if not keep:
            runner.clean()
    bars = validate(results, Results.read(against) if against else None)
    print_results(console, results, bars, sections)
    if publish or out:
        write_files(results, bars, ROOT / "bench" if publish else out or work_dir)
    if publish:
        update_page(results, ROOT / "docs" / "benchmarks.md")
    raise typer.Exit(0 if all(bar.passed for bar in bars) else 1)


def _without_package() -> list[str]:
    """The subjects whose package is not installed."""
    missing = [name for name, subject in SUBJECTS.items() if subject.package and not find_spec(subject.package)]
    if missing:
        names = ", ".join(SUBJECTS[name].label for name in missing)
        console.print(
            f"[yellow]Left out:[/yellow] {names}. `make bench` installs what they need.", highlight=False
        )
    return missing


def without_log(sections: Collection[Section], log: Path) -> list[str]:
    """The subjects whose log is not there, which is said; it is no part of the project, and so may be missing."""
    if Section.SMALL not in sections or log.exists():
        return []
    path = os.path.relpath(log, ROOT)
    console.print(
        f"[yellow]Left out:[/yellow] the aider log, which is not beside the checkout: {path}",
        highlight=False,
        soft_wrap=True,
    )
    return [name for name, subject in SUBJECTS.items() if subject.kind is Kind.LOG_JOB]


def main() -> None:
    """Run the command line; an error ends with its message."""
    try:
        app()
    except BenchError as error:
        console.print(f"[red]Error:[/red] {error}", highlight=False)
        sys.exit(1)
