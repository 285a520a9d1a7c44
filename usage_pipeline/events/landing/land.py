"""Lands the files of landing days, small days together."""

from collections import abc
from collections.abc import Collection, Iterable, Iterator
from datetime import date
from functools import cached_property

from usage_pipeline.events.landing.batch import Batch
from usage_pipeline.events.landing.committing import LandingResult
from usage_pipeline.events.landing.rules import load_rules
from usage_pipeline.events.landing.scan import LandingFile, scan_days
from usage_pipeline.events.mapping import Mapping, load_mappings
from usage_pipeline.storage.opened import Storage

TOGETHER_DAYS = 30
TOGETHER_BYTES = 1 << 27
"""What is landed together is committed, and its locks are held, until the last of it is done."""
BYTES_OF_A_FILE = 1 << 16
"""A file takes as long as so many bytes of lines, beside its own."""


def land_days(storage: Storage, days: Collection[date], run: str) -> list[LandingResult]:
    """Land every file of the days' folders. A day without a folder is left alone.

    A file that cannot be read fails by itself, the others go on; a day that fails undoes no day before it. Raises
    LockTimeoutError when another process lands one of the days.
    """
    landing = DaysLanding(storage, days, run)
    return [landing.land(day) for day in days]


class DaysLanding:
    """Lands days together, and tells of each what it did or why it failed."""

    def __init__(self, storage: Storage, days: Collection[date], run: str) -> None:
        """Nothing is landed before the first day is asked for."""
        self._storage = storage
        self._days = days
        self._run = run
        self._results: dict[date, LandingResult] = {}

    def land(self, day: date) -> LandingResult:
        """Land the day, unless it was landed together with one before it.

        Raises what keeps the day from landing, LockTimeoutError when another process lands it.
        """
        while day not in self._results and day in self._batches:
            self._results |= self._with_neighbours(self._batches[day])
        return self._results.get(day, LandingResult(day))

    @cached_property
    def _mappings(self) -> dict[str, Mapping]:
        return load_mappings(self._storage.settings)

    @cached_property
    def _batches(self) -> dict[date, list[date]]:
        """The days that have files, each with those that are landed together with it."""
        found = scan_days(self._storage.settings, self._mappings, self._days).days()
        return {day: batch for batch in in_batches(found) for day in batch}

    def _with_neighbours(self, days: list[date]) -> dict[date, LandingResult]:
        """Land these days; where that fails, none of them, and each is to be landed alone."""
        try:
            return self._together(days)
        except Exception:
            if len(days) == 1:
                raise
        self._batches.update({day: [day] for day in days})
        return {}

    def _together(self, days: list[date]) -> dict[date, LandingResult]:
        rules = load_rules(self._storage.settings, days)
        return Batch(self._storage, self._mappings, rules, self._run).land()


def in_batches(found: abc.Mapping[date, Iterable[LandingFile]]) -> Iterator[list[date]]:
    """The days in batches that are landed together: in order, and a large day by itself."""
    batch: list[date] = []
    size = 0
    for day, files in found.items():
        added = sum(file.size + BYTES_OF_A_FILE for file in files)
        if batch and (len(batch) == TOGETHER_DAYS or size + added > TOGETHER_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(day)
        size += added
    if batch:
        yield batch
