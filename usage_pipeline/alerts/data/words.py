"""What is said of alerts on data, and to whom."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from usage_pipeline.alerts.alert_file import AlertEntry
from usage_pipeline.alerts.data.finding import DataAlert
from usage_pipeline.alerts.digest import News, Tally, due_at, way_of
from usage_pipeline.alerts.tables import AlertKind, AlertState
from usage_pipeline.tenants.models import Tenants


@dataclass(frozen=True)
class _Words:
    """Sentences with `{subject}` and `{tenant}`, without their full stop."""

    begins: str
    is_gone: str
    tally: Tally


_WORDS = {
    AlertKind.SOURCE_SILENT: _Words(
        "Nothing comes from the source {subject} any more", "The source {subject} comes again", Tally.SOURCES
    ),
    AlertKind.FILE_QUARANTINED: _Words(
        "The file {subject} counts nowhere", "The file {subject} needs no decision any more", Tally.FILES
    ),
    AlertKind.UNPRICED_USAGE: _Words(
        "Usage of the model {subject} by {tenant} has no price",
        "Usage of the model {subject} by {tenant} has a price again",
        Tally.PRICES,
    ),
    AlertKind.DOUBLE_METERING: _Words(
        "{subject} probably report the same usage of {tenant}",
        "{subject} do not report the same usage of {tenant} any more",
        Tally.METERING,
    ),
    AlertKind.PERIOD_RESTATED: _Words(
        "The closed period {subject} of {tenant} has changed",
        "The closed period {subject} of {tenant} is as it was closed again",
        Tally.PERIODS,
    ),
    AlertKind.ANOMALY: _Words(
        "Numbers of {tenant} are {subject} than expected",
        "Numbers of {tenant} are not {subject} than expected any more",
        Tally.ANOMALIES,
    ),
    AlertKind.PROJECTED_LIMIT: _Words(
        "The limit {subject} of {tenant} will probably be passed",
        "The limit {subject} of {tenant} will probably not be passed",
        Tally.PROJECTIONS,
    ),
    AlertKind.RUN_FAILED: _Words(
        "A run of {subject} has failed", "A run of {subject} has succeeded again", Tally.RUNS
    ),
}


def says(alert: DataAlert) -> str:
    """Say what has happened, in a sentence without its full stop."""
    words = _WORDS[alert.key.kind]
    sentence = words.is_gone if alert.state is AlertState.RESOLVED else words.begins
    return sentence.format(subject=alert.key.subject, tenant=alert.key.tenant_id)


def data_news(
    alerts: Iterable[DataAlert], entries: Mapping[AlertKind, AlertEntry], tenants: Tenants, now: datetime
) -> Iterator[News]:
    """Yield what those who run the platform are told of these alerts, and what tenants are told of theirs."""
    for alert in alerts:
        entry = entries.get(alert.key.kind)
        if entry is None:
            continue
        if entry.channels:
            due = due_at(entry.quiet_hours, entry.time_zone, now)
            yield _news(alert, None, entry.channels, due)
        if entry.tenant_channels and alert.key.tenant_id is not None:
            tenant = tenants.by_id.get(alert.key.tenant_id)
            due = due_at(entry.quiet_hours, tenant.time_zone if tenant else entry.time_zone, now)
            yield _news(alert, alert.key.tenant_id, entry.tenant_channels, due)


def _news(alert: DataAlert, tenant_id: str | None, channels: Iterable[str], due: datetime) -> News:
    key, finding = alert.key, alert.finding
    days = {"first_day": finding.first_day, "last_day": finding.last_day}
    return News(
        alert_id=alert.id,
        kind=key.kind,
        state=alert.state,
        says=says(alert),
        tally=Tally.RESOLVED if alert.state is AlertState.RESOLVED else _WORDS[key.kind].tally,
        about=alert.id,
        facts=finding.facts,
        payload={
            "tenant_id": key.tenant_id,
            "subject": key.subject,
            "episode": alert.episode,
            **{name: day and day.isoformat() for name, day in days.items()},
            **finding.numbers,
        },
        way=way_of(tenant_id, channels, due),
    )
