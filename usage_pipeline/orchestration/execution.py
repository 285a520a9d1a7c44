"""Runs the jobs in this process on the shared instance, so that the UI shows what a command did."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Protocol

import dagster as dg

from usage_pipeline.errors import FailedDaysError
from usage_pipeline.events.landing.scan import KnownFiles
from usage_pipeline.orchestration.assets.days import DaysFailure
from usage_pipeline.orchestration.checks import OFF, SUITES_TAG
from usage_pipeline.orchestration.dagster_internals import MAX_RETRIES_TAG
from usage_pipeline.orchestration.instance import open_instance
from usage_pipeline.orchestration.jobs import (
    EVENT_DAYS,
    KNOWN_FILES_TAG,
    LANDING_DAYS,
    partition_key,
    partitions_of,
    range_tags,
)
from usage_pipeline.orchestration.resources import COMMAND_TAG, PROGRESS, STORAGE
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
"""The command reports by itself; the run's log is in the UI."""


NONE = "0"
"""Retries by the daemon: it would take over a command that was interrupted."""


class Progress(Protocol):
    """Shows how far a command is."""

    def expect(self, what: str, partitions: int) -> None:
        """Be told what begins, and for how many partitions."""

    def done(self, day: date) -> None:
        """Be told that a partition of this day is done."""


@dataclass(frozen=True)
class DagsterRunner:
    """Does the work of a refresh as runs of the jobs.

    Each run has definitions of its own, whose calendar lacks the days between those of the run.
    """

    define: Callable[[dg.DailyPartitionsDefinition], dg.Definitions]
    instance: dg.DagsterInstance
    command: str
    progress: Progress
    suites: bool = True
    """Whether days are validated by their suites as well."""

    def expect(self, what: str, partitions: int) -> None:
        """Report it as progress."""
        self.progress.expect(what, partitions)

    def land(self, days: Sequence[date]) -> None:
        """Run the landing job for the new files of these landing days."""
        self._execute(LANDING_DAYS.name, days, tags={KNOWN_FILES_TAG: KnownFiles.KEEP.value})

    def land_again(self, days: Sequence[date]) -> None:
        """Run the landing job for all files of these landing days."""
        self._execute(LANDING_DAYS.name, days)

    def compute(self, tables: Collection[str], days: Sequence[date]) -> None:
        """Run the event-day job, or the part of it that makes these tables, for these event days."""
        self._execute(EVENT_DAYS.name, days, [dg.AssetKey(name) for name in sorted(tables)])

    def _execute(
        self,
        job: str,
        days: Sequence[date],
        assets: Sequence[dg.AssetKey] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        suites = {} if self.suites else {SUITES_TAG: OFF}
        try:
            self.define(partitions_of(days)).resolve_job_def(job).execute_in_process(
                instance=self.instance,
                asset_selection=assets,
                run_config=QUIET,
                tags={
                    COMMAND_TAG: self.command,
                    MAX_RETRIES_TAG: NONE,
                    **suites,
                    **(tags or {}),
                    **range_tags(days),
                },
                partition_key=partition_key(days),
            )
        except DaysFailure as failure:
            raise FailedDaysError(failure.reasons) from None


BuildDefinitions = Callable[[Settings, Mapping[str, object], dg.DailyPartitionsDefinition], dg.Definitions]


@contextmanager
def open_runner(
    build: BuildDefinitions, storage: Storage, command: str, progress: Progress, *, suites: bool = True
) -> Iterator[DagsterRunner]:
    """A runner on the shared instance whose runs use this storage and report progress."""
    define = partial(build, storage.settings, {STORAGE: storage, PROGRESS: progress.done})
    with open_instance() as instance:
        yield DagsterRunner(define, instance, command, progress, suites)
