"""Days cut into runs. Dagster launches runs of consecutive days; a command's own runs may leave days out."""

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from itertools import groupby

from usage_pipeline.pipeline.tables import CHUNK_DAYS

COMMAND_DAYS = 366
"""Days of one run of a command, at most: a run costs about as much as a hundred small days."""


def chunks(days: Iterable[date], size: int = CHUNK_DAYS) -> list[list[date]]:
    """Consecutive days together, at most `size` of them."""
    ordered = sorted(days)
    position: Callable[[tuple[int, date]], date] = lambda pair: pair[1] - timedelta(days=pair[0])  # noqa: E731
    runs = [[day for _, day in group] for _, group in groupby(enumerate(ordered), key=position)]
    return [part for run in runs for part in portions(run, size)]


def portions(days: Iterable[date], size: int = COMMAND_DAYS) -> list[list[date]]:
    """The days in order, at most `size` together, whichever days are missing between them."""
    ordered = sorted(days)
    return [ordered[start : start + size] for start in range(0, len(ordered), size)]
