"""Raises and resolves alerts on failed runs, by job, and writes the messages that tell of them.

A job fails until a later run of it succeeds. What a run has said is never told: it may hold content.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, func, select

from usage_pipeline.alerts.alert_file import ALERTS_FILE, read_alert_file
from usage_pipeline.alerts.data.finding import DataAlert, Finding, Key
from usage_pipeline.alerts.data.raising import add, begin, read_raised, resolution
from usage_pipeline.alerts.data.words import data_news
from usage_pipeline.alerts.digest import messages
from usage_pipeline.alerts.history import alerts, set_state
from usage_pipeline.alerts.tables import ALERTS, AlertKind, AlertState
from usage_pipeline.clock import in_words
from usage_pipeline.delivery.outbox import enqueue
from usage_pipeline.storage.locks import sole_transaction
from usage_pipeline.storage.opened import Storage
from usage_pipeline.tenants.reference import load_tenants


@dataclass(frozen=True)
class FailedRun:
    """A run of a job that has failed."""

    job: str
    run_id: str
    failed_at: datetime
    days: tuple[date, ...] = ()
    """Those that it was to compute, if it was about days."""


def failing_jobs(storage: Storage) -> set[str]:
    """Return the jobs with an alert that is raised."""
    with storage.warehouse.connect() as connection:
        return {one.key.subject for one in read_raised(connection, [AlertKind.RUN_FAILED])}


def raise_on_runs(
    storage: Storage,
    failures: Sequence[FailedRun],
    recovered: Mapping[str, datetime],
    untold: Collection[str] = (),
) -> list[DataAlert]:
    """Raise and resolve by runs that have failed, oldest first, and return what people are told.

    `recovered` are the jobs whose last run has succeeded, and when; of `untold` jobs people are not told. Runs
    that were seen before change nothing. Raises ReferenceFileError for a broken file.
    """
    settings = storage.settings
    with sole_transaction(storage.warehouse, ALERTS.name) as connection:
        entries, tenants = read_alert_file(settings.reference / ALERTS_FILE), load_tenants(settings)
        begun = _begin(connection, failures)
        resolved = _resolve(connection, recovered)
        told = [alert for alert in (*begun, *resolved) if alert.key.subject not in untold]
        now = settings.clock.now
        enqueue(connection, messages(data_news(told, entries, tenants, now), now))
    return told


def _begin(connection: Connection, failures: Sequence[FailedRun]) -> list[DataAlert]:
    """Raise an alert for the first run of each job that has failed since its last alert was resolved."""
    last_change = _last_changes(connection)
    new: dict[str, FailedRun] = {}
    for run in failures:
        if run.job not in last_change or last_change[run.job] < run.failed_at:
            new.setdefault(run.job, run)
    begun = begin(connection, map(_finding, new.values()), read_raised(connection, [AlertKind.RUN_FAILED]))
    for alert in begun:
        add(connection, [alert], new[alert.key.subject].failed_at)
    return begun


def _resolve(connection: Connection, recovered: Mapping[str, datetime]) -> list[DataAlert]:
    raised = read_raised(connection, [AlertKind.RUN_FAILED])
    resolved = [one for one in raised if one.raised_at < recovered.get(one.key.subject, one.raised_at)]
    for one in resolved:
        set_state(connection, [one.alert_id], AlertState.RESOLVED, recovered[one.key.subject])
    return [resolution(one) for one in resolved]


def _last_changes(connection: Connection) -> dict[str, datetime]:
    """Return when the last run of each job that was told of has failed or succeeded."""
    columns = alerts.c
    newest = func.max(func.coalesce(columns.resolved_at, columns.raised_at))
    query = select(columns.subject, newest).where(columns.kind == AlertKind.RUN_FAILED)
    return dict(map(tuple, connection.execute(query.group_by(columns.subject))))


def _finding(run: FailedRun) -> Finding:
    days = [("Days", in_words(run.days))] if run.days else []
    return Finding(
        Key(AlertKind.RUN_FAILED, None, run.job),
        facts=(
            ("Run", run.run_id),
            *days,
            ("Failed", f"{run.failed_at:%Y-%m-%d %H:%M} UTC"),
            ("Why", "the page of the run in the Dagster UI says it"),
        ),
        numbers={"run_id": run.run_id, "failed_at": run.failed_at.isoformat()},
        first_day=min(run.days, default=None),
        last_day=max(run.days, default=None),
    )
