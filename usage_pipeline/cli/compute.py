"""Commands that compute: `run`, `land`, `recompute`. They execute the Dagster jobs on the shared instance."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated

import typer

from usage_pipeline.cli.options import DataDir, From, To, day_range, load_settings, reading_settings
from usage_pipeline.cli.output import say, warn

Suites = Annotated[
    bool,
    typer.Option(help="Validate each day by its suites, which takes a tenth of a second for a small day."),
]


def run(*, suites: Suites = True, data_dir: DataDir = None) -> None:
    """Land new and changed files, then compute every event day that they change.

    Running again does nothing if nothing has changed. It is safe to run at any time, and several at once.

    Example: `usage-pipeline run`
    """
    from usage_pipeline.cli.session import open_session, report
    from usage_pipeline.pipeline.landing_work import find_landing_work
    from usage_pipeline.pipeline.refresh import refresh

    with open_session(load_settings(data_dir), "run", suites=suites) as session:
        work = find_landing_work(session.storage)
        for oddity in work.warnings:
            warn(oddity)
        summary = refresh(session.storage, session, work)
        unusable = report(session.storage, summary)
    if unusable:
        raise typer.Exit(3)


def land(first: From = None, last: To = None, *, suites: Suites = True, data_dir: DataDir = None) -> None:
    """Land the files of landing days again, by today's formats and rules. Nothing else is computed.

    A file whose content, format and rules are unchanged is not validated again.

    Example: `usage-pipeline land --from 2026-02-01 --to 2026-02-07`
    """
    from usage_pipeline.cli.session import open_session, report
    from usage_pipeline.pipeline.landing_work import scan
    from usage_pipeline.pipeline.refresh import RefreshSummary, land_days_again

    with open_session(load_settings(data_dir), "land", suites=suites) as session:
        days = _within(scan(session.storage).days(), first, last)
        if not days:
            _say_nothing_found("No landing folder", first, last)
            return
        summary = RefreshSummary()
        land_days_again(session, days, summary)
        unusable = report(session.storage, summary)
    if unusable:
        raise typer.Exit(3)


def recompute(first: From = None, last: To = None, *, suites: Suites = True, data_dir: DataDir = None) -> None:
    """Compute event days again, stale or not, and then all days that depend on them.

    It posts to the ledger of credits, refreshes limits and raises alerts at its end, as `run` does.

    Example: `usage-pipeline recompute --from 2026-02-01 --to 2026-02-07`
    """
    from usage_pipeline.alerts.raising import settle_credits_and_limits
    from usage_pipeline.cli.session import open_session, report
    from usage_pipeline.pipeline.refresh import RefreshSummary, event_days, recompute_days

    with open_session(reading_settings(data_dir), "recompute", suites=suites) as session:
        with session.storage.warehouse.connect() as connection:
            days = _within(event_days(session.storage, connection), first, last)
        if not days:
            _say_nothing_found("No landed record", first, last)
            return
        summary = RefreshSummary()
        recompute_days(session.storage, session, days, summary)
        summary.posted += settle_credits_and_limits(session.storage)
        report(session.storage, summary)


def _say_nothing_found(what: str, first: date | None, last: date | None) -> None:
    asked = [f"from {first}" if first else "", f"to {last}" if last else ""]
    days = " ".join(filter(None, asked))
    say(f"{what} has a day{f' {days}' if days else ''}. Nothing was done.")


def _within(days: Iterable[date], first: date | None, last: date | None) -> list[date]:
    start, end = day_range(first, last)
    return [day for day in sorted(days) if start <= day <= end]
