"""A progress bar of partitions."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from usage_pipeline.cli.output import error_console


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
