"""Lands the files of landing days, small days together."""

from collections import abc
from collections.abc import Collection, Iterable, Iterator
from datetime import date
from functools import cached_property
from operator import itemgetter

from duckdb import Error as DuckDBError
from sqlalchemy.exc import SQLAlchemyError

from usage_pipeline.errors import LockTimeoutError, UsagePipelineError
from usage_pipeline.events.format_files import Formats, load_formats
from usage_pipeline.events.landing.batch import Batch
from usage_pipeline.events.landing.blocks import grouped
from usage_pipeline.events.landing.committing import LandingResult
from usage_pipeline.events.landing.rules import load_rules
from usage_pipeline.events.landing.scan import KnownFiles, LandingFile, scan_days
from usage_pipeline.storage.opened import Storage

BATCH_DAYS = 30
BATCH_BYTES = 1 << 27
"""A batch is limited, because it holds its locks until its last file is committed."""
BYTES_OF_A_FILE = 1 << 16
"""The fixed cost of a file, as bytes of lines that take the same time."""

Outcomes = dict[date, LandingResult | Exception]
"""The result of each day, or its error."""

_OF_A_DAY = (UsagePipelineError, DuckDBError, SQLAlchemyError, OSError)
"""Errors that may concern one day only. DuckDB's error on an interrupt, a RuntimeError, is none of them."""


def land_days(storage: Storage, days: Collection[date], run: str) -> list[LandingResult]:
    """Land every file of the days by today's formats and rules. A day without a folder stays as it is.

    A file that cannot be read fails alone. Raises the error of the first day that fails, such as LockTimeoutError
    if another process lands it; the days before it are landed.
    """
    landing = DaysLanding(storage, days, run)
    return [landing.land(day) for day in days]


def land_new_files(storage: Storage, days: Collection[date], run: str) -> list[LandingResult]:
    """Land the new and changed files of the days. Files that landed by earlier formats and rules stay as they are.

    Raises like `land_days`.
    """
    landing = DaysLanding(storage, days, run, KnownFiles.KEEP)
    return [landing.land(day) for day in days]


class DaysLanding:
    """Lands days in batches, with a result for each day."""

    def __init__(
        self, storage: Storage, days: Collection[date], run: str, known_files: KnownFiles = KnownFiles.AGAIN
    ) -> None:
        """Take the days; nothing lands before the first call of `land`."""
        self._known_files = known_files
        self._storage = storage
        self._days = days
        self._run = run
        self._outcomes: Outcomes = {}

    def land(self, day: date) -> LandingResult:
        """Land the day with its batch, unless the batch has landed already.

        Raises the error of the day, such as LockTimeoutError if another process lands it.
        """
        while day not in self._outcomes and day in self._batches:
            self._outcomes |= self._outcomes_of(self._batches[day])
        outcome = self._outcomes.get(day, LandingResult(day))
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    @cached_property
    def _formats(self) -> Formats:
        return load_formats(self._storage.settings)

    @cached_property
    def _batches(self) -> dict[date, list[date]]:
        """The days that have files, each with its batch."""
        found = scan_days(self._storage.settings, self._formats, self._days).days()
        return {day: batch for batch in in_batches(found) for day in batch}

    def _outcomes_of(self, days: list[date]) -> Outcomes:
        """Land these days together; if that fails, each alone, so that one failure concerns no other day."""
        try:
            rules = load_rules(self._storage.settings, days)
            return {**Batch(self._storage, self._formats, rules, self._run, self._known_files).land()}
        except _OF_A_DAY as error:
            if len(days) == 1:
                return {days[0]: error}
            self._batches.update({day: [day] for day in days})
            if isinstance(error, LockTimeoutError):
                return {}  # nothing has begun: each day waits for its own lock when it is asked for
        return {day: outcome for alone in days for day, outcome in self._outcomes_of([alone]).items()}


def in_batches(found: abc.Mapping[date, Iterable[LandingFile]]) -> Iterator[list[date]]:
    """Group the days into batches, in order; a large day is a batch of its own."""
    sized = [(day, sum(file.size + BYTES_OF_A_FILE for file in files)) for day, files in found.items()]
    for batch in grouped(sized, itemgetter(1), BATCH_BYTES, BATCH_DAYS):
        yield [day for day, _ in batch]
