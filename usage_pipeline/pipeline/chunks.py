"""Days cut into runs: consecutive ones together, at most so many."""

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from itertools import groupby

from usage_pipeline.pipeline.tables import CHUNK_DAYS


def chunks(days: Iterable[date], size: int = CHUNK_DAYS) -> list[list[date]]:
    """Consecutive days together, at most `size` of them."""
    ordered = sorted(days)
    position: Callable[[tuple[int, date]], date] = lambda pair: pair[1] - timedelta(days=pair[0])  # noqa: E731
    runs = [[day for _, day in group] for _, group in groupby(enumerate(ordered), key=position)]
    return [run[start : start + size] for run in runs for start in range(0, len(run), size)]
