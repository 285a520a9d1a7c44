"""Commands that compute: `run`, `land`, `recompute`. They execute the Dagster jobs on the shared instance."""

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from usage_pipeline.cli.options import DataDir, From, To, day_range, load_settings
from usage_pipeline.cli.output import warn

if TYPE_CHECKING:
    from usage_pipeline.settings import Settings

Suites = Annotated[
    bool,
    typer.Option(
        help="Whether each day is validated by its suites as well, which takes a tenth of a second a small day."
    ),
]


def run(*, suites: Suites = True, data_dir: DataDir = None) -> None:
    """Land what is new or changed, then compute every event day that it concerns.

    Running again does nothing when nothing has changed. Safe to run at any time, and by several at once.

    Example: `usage-pipeline run`
    """
    from usage_pipeline.cli.session import open_session, report
    from usage_pipeline.pipeline.landing_work import find_landing_work
    from usage_pipeline.pipeline.refresh import refresh

    with open_session(load_settings(data_dir), "run", suites=suites) as session:
        for oddity in find_landing_work(session.storage).warnings:
            warn(oddity)
        summary = refresh(session.storage, session.runner)
        unusable = report(session.storage, summary)
    _finish(unusable)


def land(first: From = None, last: To = None, *, suites: Suites = True, data_dir: DataDir = None) -> None:
    """Land the files of landing days again, by today's formats and rules; nothing else is computed.

    A file whose content, format and rules are unchanged is found to be there already.

    Example: `usage-pipeline land --from 2026-02-01 --to 2026-02-07`
    """
    from usage_pipeline.cli.session import open_session, report
    from usage_pipeline.pipeline.landing_work import scan_days
    from usage_pipeline.pipeline.refresh import RefreshSummary, land_days

    settings = load_settings(data_dir)
    with open_session(settings, "land", suites=suites) as session:
        days = sorted(scan_days(session.storage))
        summary = RefreshSummary()
        land_days(session.runner, _within(days, first, last, settings), summary)
        unusable = report(session.storage, summary)
    _finish(unusable)


def recompute(first: From = None, last: To = None, *, suites: Suites = True, data_dir: DataDir = None) -> None:
    """Compute event days again, whether or not they are stale, and then all that depends on them.

    Example: `usage-pipeline recompute --from 2026-02-01 --to 2026-02-07`
    """
    from usage_pipeline.cli.session import open_session, report
    from usage_pipeline.pipeline.refresh import RefreshSummary, event_days, recompute_days

    settings = load_settings(data_dir)
    with open_session(settings, "recompute", suites=suites) as session:
        with session.storage.warehouse.connect() as connection:
            days = sorted(event_days(session.storage, connection))
        summary = RefreshSummary()
        recompute_days(session.storage, session.runner, _within(days, first, last, settings), summary)
        report(session.storage, summary)


def _within(days: list[date], first: From, last: To, settings: "Settings") -> list[date]:
    default = (days[0], days[-1]) if days else (settings.first_day, settings.clock.today)
    start, end = day_range(first, last, default=default)
    return [day for day in days if start <= day <= end]


def _finish(unusable: int) -> None:
    """End with exit code 3 where landing files could not be used."""
    if unusable:
        raise typer.Exit(3)
