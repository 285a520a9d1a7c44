"""A progress bar of partitions."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from time import monotonic

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from usage_pipeline.cli.output import error_console

_PATIENCE_SECONDS = 2
"""Nobody wants to see the progress of what is over sooner."""


@dataclass
class Bar:
    """Shows the kind of work, its day, and the number of finished partitions."""

    progress: Progress
    task: TaskID | None = None
    what: str = ""

    def expect(self, what: str, partitions: int | None) -> None:
        """Begin a bar of this many partitions; None if nobody knows how many."""
        self.task, self.what = self.progress.add_task(what, total=partitions), what

    def done(self, day: date) -> None:
        """Count a partition of the day."""
        if self.task is not None:
            self.progress.update(self.task, advance=1, description=f"{self.what} {day}")

    def reach(self, number: int) -> None:
        """Say that so many are done in all."""
        if self.task is not None:
            self.progress.update(self.task, completed=number)

    def advance(self, number: int) -> None:
        """Count this many at once."""
        if self.task is not None:
            self.progress.update(self.task, advance=number)


@contextmanager
def progress_bar() -> Iterator[Bar]:
    """Show a progress bar on the error output, so that results can be piped."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=error_console, transient=True) as progress:
        yield Bar(progress)


@contextmanager
def late_progress_bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """Yield a function that takes how much is done and of how much; after some seconds it shows a progress bar."""
    started = monotonic()
    with ExitStack() as opened:
        bars: list[Bar] = []

        def tell(done: int, of: int) -> None:
            if not bars and monotonic() - started > _PATIENCE_SECONDS:
                bars.append(opened.enter_context(progress_bar()))
                bars[0].expect(what, of)
            for bar in bars:
                bar.reach(done)

        yield tell
