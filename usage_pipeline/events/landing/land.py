"""Lands the files of landing days, small days together."""

from collections import abc
from collections.abc import Collection, Iterable, Iterator
from datetime import date
from functools import cached_property

from duckdb import Error as DuckDBError
from sqlalchemy.exc import SQLAlchemyError

from usage_pipeline.errors import LockTimeoutError, UsagePipelineError
from usage_pipeline.events.landing.batch import Batch
from usage_pipeline.events.landing.committing import LandingResult
from usage_pipeline.events.landing.rules import load_rules
from usage_pipeline.events.landing.scan import LandingFile, scan_days
from usage_pipeline.events.source_format import SourceFormat, load_formats
from usage_pipeline.storage.opened import Storage

BATCH_DAYS = 30
BATCH_BYTES = 1 << 27
"""What is landed together is committed, and its locks are held, until the last of it is done."""
BYTES_OF_A_FILE = 1 << 16
"""The cost of a file, in bytes of lines that cost the same."""

Outcomes = dict[date, LandingResult | Exception]
"""What each day did, or why it failed."""

_OF_A_DAY = (UsagePipelineError, DuckDBError, SQLAlchemyError, OSError)
"""Errors that the other days may not meet; not among them is DuckDB's when it is interrupted, a RuntimeError."""


def land_days(storage: Storage, days: Collection[date], run: str) -> list[LandingResult]:
    """Land every file of the days' folders. A day without a folder is left alone.

    A file that cannot be read fails by itself, the others go on. Raises what keeps the first of the days that fail
    from landing, LockTimeoutError when another process lands it; the days before it are landed.
    """
    landing = DaysLanding(storage, days, run)
    return [landing.land(day) for day in days]


class DaysLanding:
    """Lands days together; the result of each says what landed or why it failed."""

    def __init__(self, storage: Storage, days: Collection[date], run: str) -> None:
        """Nothing is landed before the first day is asked for."""
        self._storage = storage
        self._days = days
        self._run = run
        self._outcomes: Outcomes = {}

    def land(self, day: date) -> LandingResult:
        """Land the day, unless it was landed together with one before it.

        Raises what keeps the day from landing, LockTimeoutError when another process lands it.
        """
        while day not in self._outcomes and day in self._batches:
            self._outcomes |= self._outcomes_of(self._batches[day])
        outcome = self._outcomes.get(day, LandingResult(day))
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    @cached_property
    def _formats(self) -> dict[str, SourceFormat]:
        return load_formats(self._storage.settings)

    @cached_property
    def _batches(self) -> dict[date, list[date]]:
        """The days that have files, each with those that are landed together with it."""
        found = scan_days(self._storage.settings, self._formats, self._days).days()
        return {day: batch for batch in in_batches(found) for day in batch}

    def _outcomes_of(self, days: list[date]) -> Outcomes:
        """Land these days together; where that fails each alone: one that fails leaves no other unfinished."""
        try:
            return {**self._together(days)}
        except _OF_A_DAY as error:
            if len(days) == 1:
                return {days[0]: error}
            self._batches.update({day: [day] for day in days})
            if isinstance(error, LockTimeoutError):
                return {}  # none is begun: each waits for its own lock when it is asked for
        return {day: outcome for alone in days for day, outcome in self._outcomes_of([alone]).items()}

    def _together(self, days: list[date]) -> dict[date, LandingResult]:
        rules = load_rules(self._storage.settings, days)
        return Batch(self._storage, self._formats, rules, self._run).land()


def in_batches(found: abc.Mapping[date, Iterable[LandingFile]]) -> Iterator[list[date]]:
    """The days in batches that are landed together: in order, and a large day by itself."""
    batch: list[date] = []
    size = 0
    for day, files in found.items():
        added = sum(file.size + BYTES_OF_A_FILE for file in files)
        if batch and (len(batch) == BATCH_DAYS or size + added > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(day)
        size += added
    if batch:
        yield batch
