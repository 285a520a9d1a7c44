"""Raises and resolves alerts on limits and data, and writes the messages that tell of them, in one transaction."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, select
from sqlalchemy.dialects.postgresql import insert

from usage_pipeline.alerts.alert import Alert, Subject, subject_of
from usage_pipeline.alerts.alert_file import ALERTS_FILE, read_alert_file
from usage_pipeline.alerts.data.raising import raise_on_data
from usage_pipeline.alerts.data.words import data_news
from usage_pipeline.alerts.digest import messages
from usage_pipeline.alerts.episodes import Episode, Level, judge
from usage_pipeline.alerts.history import alerts, set_state
from usage_pipeline.alerts.messages import limit_news
from usage_pipeline.alerts.tables import ALERTS, AlertKind, AlertState
from usage_pipeline.billing.ledger.posting import post
from usage_pipeline.clock import Clock
from usage_pipeline.delivery.outbox import enqueue
from usage_pipeline.limits.applied import LimitOfTenant, Watched
from usage_pipeline.limits.limited import SCOPED
from usage_pipeline.limits.periods import PeriodKind
from usage_pipeline.limits.read_status import OpenStatus
from usage_pipeline.limits.refresh import refresh_limits
from usage_pipeline.limits.status import LimitStatus, ScopeValues
from usage_pipeline.storage.locks import sole_transaction
from usage_pipeline.storage.opened import Storage
from usage_pipeline.tenants.reference import load_tenants

Known = dict[int, RowMapping]
"""The last alert on each threshold of a subject."""


@dataclass
class _News:
    """What is to be written."""

    told: list[Alert] = field(default_factory=list)
    rows: list[dict[str, object]] = field(default_factory=list)
    resolved: list[str] = field(default_factory=list)


def raise_alerts(storage: Storage) -> list[Alert]:
    """Refresh limits, raise and resolve by how limits and data stand; return what is told of limits, once.

    Raises ReferenceFileError for a broken file, and PartitionError if the rows of a computed day are gone.
    """
    settings = storage.settings
    now = settings.clock.now
    # Who raises has measured after the one who raised before.
    with sole_transaction(storage.warehouse, ALERTS.name) as connection:
        entries, tenants = read_alert_file(settings.reference / ALERTS_FILE), load_tenants(settings)
        known = _read_known(connection, settings.clock)
        watched = _watched(known)
        found = _that_matter(refresh_limits(storage, watched), watched)
        news = _News()
        for subject, status in _by_subject(found).items():
            _add_news(news, status, known.pop(subject, {}))
        _write(connection, news, now)
        _end(connection, known.values(), now)
        on_data = data_news(raise_on_data(storage, connection), entries, tenants, now)
        enqueue(connection, messages([*limit_news(news.told, tenants, now), *on_data], now))
    return news.told


def settle_credits_and_limits(storage: Storage) -> int:
    """Post to the ledger of credits, refresh limits, raise alerts, and return the number of posted rows.

    Raises ReferenceFileError if a file is broken, and PartitionError if the rows of a computed day are gone.
    """
    try:
        return post(storage)
    finally:  # what is wrong with grants holds no alert back
        raise_alerts(storage)


def _watched(known: Mapping[Subject, Known]) -> Watched:
    """Return the limits that have alerts, with the values of which one is raised."""
    found: defaultdict[LimitOfTenant, set[ScopeValues]] = defaultdict(set)
    for subject, of_subject in known.items():
        is_raised = any(row["state"] == AlertState.RAISED for row in of_subject.values())
        found[subject.tenant_id, subject.limit_id].update([subject.values] if is_raised else [])
    return found


def _that_matter(found: OpenStatus, watched: Watched) -> list[LimitStatus]:
    """Return what has reached a threshold, or may have fallen below one: mostly a few of very many."""
    present = (
        status
        for status in found.present
        if status.threshold is not None or (status.tenant_id, status.limit.id) in watched
    )
    return [*present, *found.earlier, *found.gone]


def _by_subject(found: Sequence[LimitStatus]) -> Mapping[Subject, LimitStatus]:
    """Return how each subject stands, in their order.

    Of the open periods of a rolling limit, the last one that has reached the highest threshold counts.
    """
    in_order = sorted(found, key=lambda status: (status.threshold or 0, status.days.last))
    highest = {subject_of(status): status for status in in_order}
    return {subject: highest[subject] for subject in map(subject_of, found)}


def _read_known(connection: Connection, clock: Clock) -> dict[Subject, Known]:
    """Return the last episodes of all that is raised or may be raised again."""
    columns = alerts.c
    is_rolling = columns.period.startswith(PeriodKind.ROLLING)
    is_raised = columns.state == AlertState.RAISED
    may_change = is_raised | (columns.last_day > clock.last_final_day) | is_rolling
    query = select(alerts).where(columns.kind == AlertKind.LIMIT, may_change)
    in_order = query.order_by(is_raised, columns.episode)  # several may be of `(erased)`
    found: defaultdict[Subject, Known] = defaultdict(dict)
    for row in connection.execute(in_order).mappings():
        first_day = None if row["period"].startswith(PeriodKind.ROLLING) else row["first_day"]
        values = tuple(row[name] for name in SCOPED)
        subject = Subject(row["tenant_id"], row["limit_id"], row["limit_version"], values, first_day)
        found[subject][row["threshold"]] = row
    return found


def _add_news(news: _News, status: LimitStatus, known: Known) -> None:
    limit = status.limit
    episodes = [
        Episode(part, row["episode"], is_active=row["state"] == AlertState.RAISED) for part, row in known.items()
    ]
    changes = judge(limit.thresholds, Level(status.used, limit.amount), episodes)
    if changes.raised:
        alert = _alert(status, changes.raised, AlertState.RAISED)
        news.told.append(alert)
        news.rows.append({**alert.row, "passed": False})
    news.rows += [{**_alert(status, episode, AlertState.RAISED).row, "passed": True} for episode in changes.passed]
    news.resolved += [known[episode.threshold]["alert_id"] for episode in changes.resolved]
    # Who keeps alerts by their id waits for each to be resolved.
    told = [episode for episode in changes.resolved if not known[episode.threshold]["passed"]]
    news.told += [_alert(status, episode, AlertState.RESOLVED) for episode in told]


def _alert(status: LimitStatus, episode: Episode, state: AlertState) -> Alert:
    return Alert(status, episode.threshold, episode.number, state)


def _write(connection: Connection, news: _News, now: datetime) -> None:
    if news.rows:
        connection.execute(insert(alerts).on_conflict_do_nothing(), news.rows)
    set_state(connection, news.resolved, AlertState.RESOLVED, now)


def _end(connection: Connection, unmeasured: Iterable[Known], now: datetime) -> None:
    """End what is raised of periods that are final, and of limits that were changed or removed."""
    rows: Sequence[Any] = [row for known in unmeasured for row in known.values()]
    raised = [row["alert_id"] for row in rows if row["state"] == AlertState.RAISED]
    set_state(connection, raised, AlertState.ENDED, now)
