"""Raises and resolves alerts on data, by what is found now and what is raised; the caller sends the messages."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.postgresql import insert

from usage_pipeline.alerts.data.files import look_at_files
from usage_pipeline.alerts.data.finding import DataAlert, Finding, Key, Look, Raised
from usage_pipeline.alerts.data.insights import look_at_anomalies, look_at_projections
from usage_pipeline.alerts.data.metering import look_at_metering
from usage_pipeline.alerts.data.periods import look_at_periods
from usage_pipeline.alerts.data.prices import look_at_prices
from usage_pipeline.alerts.data.sources import look_at_sources
from usage_pipeline.alerts.history import alerts, set_state
from usage_pipeline.alerts.tables import AlertKind, AlertState
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import one_of

_LOOKS: Mapping[AlertKind, Callable[[Storage, Connection, Sequence[Raised]], Look]] = {
    AlertKind.SOURCE_SILENT: look_at_sources,
    AlertKind.FILE_QUARANTINED: look_at_files,
    AlertKind.UNPRICED_USAGE: look_at_prices,
    AlertKind.DOUBLE_METERING: look_at_metering,
    AlertKind.PERIOD_RESTATED: look_at_periods,
    AlertKind.ANOMALY: look_at_anomalies,
    AlertKind.PROJECTED_LIMIT: look_at_projections,
}
"""Whoever adds a kind here says in `words.py` what it is. Failed runs are told of by `runs.py`."""


def raise_on_data(storage: Storage, connection: Connection) -> list[DataAlert]:
    """Raise and resolve by what is found now, and return what people are told; nothing the second time.

    It is done in the caller's transaction, under the lock of `alerts`.
    """
    now = storage.settings.clock.now
    told: list[DataAlert] = []
    raised = read_raised(connection, _LOOKS)
    for kind, look_at in _LOOKS.items():
        of_kind = [one for one in raised if one.key.kind is kind]
        look = look_at(storage, connection, of_kind)
        begun = begin(connection, look.findings, of_kind)
        found = {finding.key for finding in look.findings}
        gone = [one for one in of_kind if one.key not in found]
        set_state(connection, [one.alert_id for one in gone if one.key in look.ended], AlertState.ENDED, now)
        resolved = [one for one in gone if one.key not in look.ended]
        set_state(connection, [one.alert_id for one in resolved], AlertState.RESOLVED, now)
        told += [*begun, *map(resolution, resolved)]
    add(connection, [alert for alert in told if alert.state is AlertState.RAISED], now)
    return told


def read_raised(connection: Connection, kinds: Collection[AlertKind]) -> list[Raised]:
    """Return the alerts of these kinds that are raised."""
    columns = alerts.c
    names = ("alert_id", "kind", "tenant_id", "subject", "episode", "first_day", "last_day", "raised_at")
    query = select(*(columns[name] for name in names))
    query = query.where(columns.state == AlertState.RAISED, columns.kind.in_(kinds)).order_by(columns.alert_id)
    return [
        Raised(alert_id, Key(AlertKind(kind), tenant_id, subject), *rest)
        for alert_id, kind, tenant_id, subject, *rest in connection.execute(query)
    ]


def begin(connection: Connection, findings: Iterable[Finding], raised: Iterable[Raised]) -> list[DataAlert]:
    """Return the alerts that begin: of what is found, may begin and is not raised; each is a new episode."""
    known = {one.key for one in raised}
    new = [finding for finding in findings if finding.may_begin and finding.key not in known]
    episodes = _last_episodes(connection, new)
    return [DataAlert(one, episodes.get(one.key, 0) + 1, AlertState.RAISED) for one in new]


def resolution(raised: Raised) -> DataAlert:
    """Return what people are told of an alert whose condition is gone."""
    finding = Finding(raised.key, first_day=raised.first_day, last_day=raised.last_day)
    return DataAlert(finding, raised.episode, AlertState.RESOLVED)


def add(connection: Connection, begun: Sequence[DataAlert], raised_at: datetime) -> None:
    """Write alerts that begin."""
    if begun:
        connection.execute(insert(alerts).on_conflict_do_nothing(), [alert.row(raised_at) for alert in begun])


def _last_episodes(connection: Connection, findings: Sequence[Finding]) -> dict[Key, int]:
    if not findings:
        return {}
    columns = alerts.c
    key = (columns.kind, columns.tenant_id, columns.subject)
    subjects = [finding.key.subject for finding in findings]
    query = select(*key, func.max(columns.episode)).where(
        columns.kind.in_({finding.key.kind for finding in findings}), one_of(columns.subject, subjects)
    )
    return {
        Key(AlertKind(kind), tenant_id, subject): episode
        for kind, tenant_id, subject, episode in connection.execute(query.group_by(*key))
    }
