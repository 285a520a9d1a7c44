"""Sessions of commands that compute, and their report at the end.

Dagster opens with the first work, because loading it takes longer than finding out that there is no work.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cache

from usage_pipeline.alerts.raising import settle_credits_and_limits
from usage_pipeline.cli.output import console, warn
from usage_pipeline.cli.progress import Bar, progress_bar
from usage_pipeline.pipeline import refresh as pipeline
from usage_pipeline.pipeline.refresh import Runner
from usage_pipeline.records.tables import USAGE_RECORDS
from usage_pipeline.settings import Settings
from usage_pipeline.storage import landed_files, state
from usage_pipeline.storage.opened import Storage, open_storage
from usage_pipeline.words import count


@dataclass(frozen=True)
class Session:
    """The storage and progress bar of a command that computes. As a `Runner`, it opens Dagster on first use."""

    storage: Storage
    progress: Bar
    get_runner: Callable[[], Runner]

    def expect(self, what: str, partitions: int) -> None:
        """Begin a progress bar."""
        self.progress.expect(what, partitions)

    def land(self, days: Sequence[date]) -> None:
        """Land new files of the days with Dagster."""
        self.get_runner().land(days)

    def land_again(self, days: Sequence[date]) -> None:
        """Land all files of the days with Dagster."""
        self.get_runner().land_again(days)

    def compute(self, tables: Collection[str], days: Sequence[date]) -> None:
        """Compute the tables with Dagster."""
        self.get_runner().compute(tables, days)


@contextmanager
def open_session(settings: Settings, command: str, *, suites: bool = True) -> Iterator[Session]:
    """Open storage and a progress bar for a command."""
    with ExitStack() as opened:
        storage = opened.enter_context(open_storage(settings))
        bar = opened.enter_context(progress_bar())

        @cache
        def get_runner() -> Runner:
            # Imported here, because both load Dagster.
            from usage_pipeline.definitions import build_definitions
            from usage_pipeline.orchestration.execution import open_runner

            return opened.enter_context(open_runner(build_definitions, storage, command, bar, suites=suites))

        yield Session(storage, bar, get_runner)


def settle(session: Session) -> None:
    """Compute stale partitions, post to the ledger of credits, raise alerts, and report what was done."""
    summary = pipeline.RefreshSummary()
    pipeline.settle(session.storage, session, summary)
    summary.posted += settle_credits_and_limits(session.storage)
    report(session.storage, summary)


def report(storage: Storage, summary: pipeline.RefreshSummary) -> int:
    """Print the work done and left to do, and return the number of landed files that need attention."""
    with storage.warehouse.connect() as connection:
        files = landed_files.files(connection, summary.landed)
        records = state.partitions(connection, USAGE_RECORDS.name) if summary.computed else {}
    conflicts = sum(partition.conflicts or 0 for day, partition in records.items() if day in summary.computed)
    needing = [file for file in files if file.needs_attention or file.has_nothing_accepted]
    counted = [file for file in files if file.counts and file not in needing]
    accepted, rejected = sum(file.accepted for file in counted), sum(file.rejected for file in files)
    if summary.landed:
        unusable = f" {count(len(needing), 'file')} cannot be used." if needing else ""
        console.print(
            f"Landed {count(len(counted), 'file')} of {count(len(summary.landed), 'landing day')}: "
            f"{count(accepted, 'line')} accepted, {rejected:,} rejected.{unusable}"
        )
    if uncompared := sum(file.uncompared for file in counted):
        superseded = count(sum(file.superseded for file in counted if file.uncompared), "superseded line")
        console.print(
            f"{uncompared:,} of {superseded} had no number by which `repeats` compares them; a line without one "
            "counts only if no other has one."
        )
    if summary.computed:
        console.print(f"Computed {count(len(summary.computed), 'event day')}.")
    if summary.closings:
        console.print(f"Closed {count(len(summary.closings), 'billing period')}.")
    if summary.posted:
        console.print(f"Posted {count(summary.posted, 'row')} to the ledger of credits.")
    stale = 0 if summary.is_settled else len(pipeline.find_stale(storage))
    console.print(
        f"{count(stale, 'event day')} to compute: `usage-pipeline run` does." if stale else "All days are current."
    )
    if conflicts:
        console.print(f"{count(conflicts, 'line')} lost to an earlier line with the same id and other content.")
    if rejected or conflicts:
        console.print("`usage-pipeline rejects` shows these lines.")
    for file in needing:
        reason = file.error or "none of its lines was accepted"
        warn(f"{file.path} is {file.state} and counts nowhere: {reason}")
    return len(needing)
