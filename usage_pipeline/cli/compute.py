"""Commands that compute: `run`, `land`, `recompute`. They execute the Dagster jobs on the shared instance."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Annotated

import typer

from usage_pipeline.cli.options import DataDir, From, To, day_range, load_settings
from usage_pipeline.cli.output import console, count
from usage_pipeline.cli.session import finish, progress_bar, warn
from usage_pipeline.orchestration.execution import DagsterRunner, open_runner
from usage_pipeline.pipeline import refresh as pipeline
from usage_pipeline.pipeline.landing_work import find_landing_work, landing_days
from usage_pipeline.settings import Settings
from usage_pipeline.storage import landed_files
from usage_pipeline.storage.opened import Storage, open_storage

Suites = Annotated[
    bool,
    typer.Option(
        help="Whether each day is validated by its suites as well, which takes a third of a second a day."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(run)
    app.command()(land)
    app.command()(recompute)


@dataclass(frozen=True)
class Session:
    """What a command that computes holds open."""

    storage: Storage
    runner: DagsterRunner


@contextmanager
def open_session(settings: Settings, command: str, *, suites: bool = True) -> Iterator[Session]:
    """Open storage and instance, with a progress bar for the time in between."""
    from usage_pipeline.definitions import build_definitions  # noqa: PLC0415 - loads all definitions

    with (
        open_storage(settings) as storage,
        progress_bar() as bar,
        open_runner(build_definitions, storage, command, bar, suites=suites) as runner,
    ):
        yield Session(storage, runner)


def run(*, suites: Suites = True, data_dir: DataDir = None) -> None:
    """Land what is new or changed, then compute every event day that it concerns.

    Running again does nothing when nothing has changed. Safe to run at any time, and by several at once.

    Example: `usage-pipeline run`
    """
    settings = load_settings(data_dir)
    with open_session(settings, "run", suites=suites) as session:
        _report_oddities(session.storage)
        summary = pipeline.refresh(session.storage, session.runner)
        unusable = report(session.storage, summary)
    finish(unusable)


def land(first: From = None, last: To = None, *, suites: Suites = True, data_dir: DataDir = None) -> None:
    """Land the files of landing days again, by today's mappings and rules; nothing else is computed.

    A file whose content, mapping and rules are unchanged is found to be there already.

    Example: `usage-pipeline land --from 2026-02-01 --to 2026-02-07`
    """
    settings = load_settings(data_dir)
    with open_session(settings, "land", suites=suites) as session:
        days = sorted(landing_days(session.storage))
        summary = pipeline.RefreshSummary()
        pipeline.land_days(session.runner, _within(days, first, last, settings), summary)
        unusable = report(session.storage, summary)
    finish(unusable)


def recompute(first: From = None, last: To = None, *, suites: Suites = True, data_dir: DataDir = None) -> None:
    """Compute event days anew, whether or not they are stale, and then all that depends on them.

    Example: `usage-pipeline recompute --from 2026-02-01 --to 2026-02-07`
    """
    settings = load_settings(data_dir)
    with open_session(settings, "recompute", suites=suites) as session:
        with session.storage.warehouse.connect() as connection:
            days = sorted(pipeline.event_days(session.storage, connection))
        summary = pipeline.RefreshSummary()
        pipeline.recompute_days(session.storage, session.runner, _within(days, first, last, settings), summary)
        report(session.storage, summary)


def report(storage: Storage, summary: pipeline.RefreshSummary) -> int:
    """Say what was done and what is left to do; returns how many of the files just landed need attention."""
    with storage.warehouse.connect() as connection:
        files = landed_files.files(connection, summary.landed)
    counted = [file for file in files if file.state is landed_files.FileState.LANDED]
    accepted, rejected = sum(file.accepted for file in counted), sum(file.rejected for file in files)
    if summary.landed:
        console.print(
            f"Landed {count(len(files), 'file')} of {count(len(summary.landed), 'landing day')}: "
            f"{accepted:,} lines accepted, {rejected:,} rejected."
        )
    if summary.computed:
        console.print(f"Computed {count(len(summary.computed), 'event day')}.")
    if summary.closings:
        console.print(f"Closed {count(len(summary.closings), 'billing period')}.")
    stale = len(pipeline.find_stale(storage))
    console.print(
        f"{count(stale, 'event day')} to compute: `usage-pipeline run` does." if stale else "All days are current."
    )
    if rejected:
        console.print("`usage-pipeline rejects` shows the rejected lines.")
    needing = [file for file in files if file.state.needs_attention or file.has_nothing_accepted]
    for file in needing:
        reason = file.error or "none of its lines was accepted"
        warn(f"{file.path} is {file.state} and counts nowhere: {reason}")
    return len(needing)


def _report_oddities(storage: Storage) -> None:
    work = find_landing_work(storage)
    for entry in work.misplaced:
        warn(f"{entry.path} is passed over: {entry.problem}")
    for path in work.vanished:
        warn(f"{path} is gone from the landing folder; what is known of it stays as it is")
    if work.outdated:
        warn(
            f"{len(work.outdated)} landing days from {work.outdated[0]} to {work.outdated[-1]} landed by other "
            "mappings or rules than today's; `usage-pipeline land` reads them again"
        )


def _within(days: list[date], first: From, last: To, settings: Settings) -> list[date]:
    default = (days[0], days[-1]) if days else (settings.first_day, settings.today())
    start, end = day_range(first, last, default=default)
    return [day for day in days if start <= day <= end]
