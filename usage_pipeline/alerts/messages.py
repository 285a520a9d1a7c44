"""The messages that tell of alerts: one for all alerts of a tenant that go the same way at the same time."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, time, timedelta
from decimal import ROUND_DOWN, Decimal
from html import escape
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from usage_pipeline.alerts.alert import Alert
from usage_pipeline.alerts.tables import AlertKind, AlertState
from usage_pipeline.delivery.message import Message
from usage_pipeline.limits.decisions import plain
from usage_pipeline.limits.limit_file import COST, SCOPED, QuietHours
from usage_pipeline.storage.digests import fingerprint
from usage_pipeline.tenants.models import Tenants
from usage_pipeline.words import count

_TENTH = Decimal("0.1")
_MOST_SHOWN = 50
"""Alerts in a text for people; a program gets all."""

Facts = tuple[tuple[str, str], ...]
"""What is known of an alert, in words, by name."""


def messages(alerts: Iterable[Alert], tenants: Tenants, now: datetime) -> Iterator[Message]:
    """Yield the messages that tell of these alerts; of a limit without channels none."""
    sent = [(_way(alert, tenants, now), alert) for alert in alerts if alert.status.limit.channels]
    for (tenant_id, channels, due), group in groupby(sorted(sent, key=lambda one: one[0]), key=lambda one: one[0]):
        yield _message([alert for _, alert in group], tenant_id, channels, due, now)


def due_at(quiet: QuietHours | None, zone: str, now: datetime) -> datetime:
    """Return when people may be told: now, or at the end of the quiet hours in their zone."""
    local = now.astimezone(ZoneInfo(zone))
    minute = local.hour * 60 + local.minute
    if quiet is None or not _is_within(quiet, minute):
        return now
    day = local.date() + timedelta(days=minute >= quiet.to)
    return datetime.combine(day, time(*divmod(quiet.to, 60)), ZoneInfo(zone)).astimezone(now.tzinfo)


def _is_within(quiet: QuietHours, minute: int) -> bool:
    if quiet.from_ < quiet.to:
        return quiet.from_ <= minute < quiet.to
    return minute >= quiet.from_ or minute < quiet.to


def _way(alert: Alert, tenants: Tenants, now: datetime) -> tuple[str, tuple[str, ...], datetime]:
    limit, tenant = alert.status.limit, tenants.by_id.get(alert.status.tenant_id)
    due = due_at(limit.quiet_hours, tenant.time_zone if tenant else "UTC", now)
    return alert.status.tenant_id, tuple(sorted(set(limit.channels))), due


def _message(
    alerts: Sequence[Alert], tenant_id: str, channels: tuple[str, ...], due: datetime, now: datetime
) -> Message:
    told = [(says(alert), _facts(alert)) for alert in alerts[:_MOST_SHOWN]]
    left = len(alerts) - len(told)
    more = [f"{left:,} more: `usage-pipeline alerts list` has all of them."] if left else []
    return Message(
        key=f"alerts-{fingerprint(part for alert in alerts for part in (alert.id, alert.state))}",
        channels=channels,
        subject=told[0][0] if len(alerts) == 1 else _subject(alerts, tenant_id),
        text="\n\n".join([*(_text(sentence, facts) for sentence, facts in told), *more]) + "\n",
        html="\n".join([*(_html(sentence, facts) for sentence, facts in told), *map("<p>{}</p>".format, more)]),
        payload={
            "type": "limits.alerts",
            "timestamp": now.isoformat(),
            "data": {"tenant_id": tenant_id, "alerts": list(map(_payload, alerts))},
        },
        created_at=now,
        not_before=due,
        tenant_id=tenant_id,
    )


def says(alert: Alert) -> str:
    """Say what has happened, in a sentence without its full stop."""
    named = f"The limit {alert.status.limit.id} of {alert.status.tenant_id}"
    if alert.state is AlertState.RESOLVED:
        return f"{named} is below {alert.threshold} % again"
    if alert.status.is_over:
        return f"{named} is over"
    return f"{named} has reached {alert.threshold} %"


def _subject(alerts: Sequence[Alert], tenant_id: str) -> str:
    below = sum(alert.state is AlertState.RESOLVED for alert in alerts)
    over = sum(alert.state is not AlertState.RESOLVED and alert.status.is_over for alert in alerts)
    reached = len(alerts) - below - over
    parts = {"over": over, "reached a threshold": reached, "below one again": below}
    listed = ", ".join(f"{number:,} {what}" for what, number in parts.items() if number)
    return f"{count(len(alerts), 'limit')} of {tenant_id}: {listed}"


def _facts(alert: Alert) -> Facts:
    status = alert.status
    scope = [f"{name} {value}" for name, value in zip(SCOPED, status.values, strict=True) if value]
    unit = "cost in USD" if status.limit.metric == COST else status.limit.metric
    expected = status.projected if status.as_of < status.days.ends_at else None
    projected = [] if expected is None else [("Projected", f"{_number(expected)} at the end of it")]
    unknown = [
        *(["usage without a price or a rate is not included"] if status.incomplete else []),
        *([f"no logs are there of {count(status.missing_days, 'day')}"] if status.missing_days else []),
    ]
    return (
        ("What", ", ".join([unit, *scope])),
        ("Used", f"{_number(status.used)} of {_number(status.limit.amount)}, {_percent(status.share)} %"),
        ("Period", f"{status.limit.period}, {status.days.first} to {status.days.last} (UTC)"),
        *projected,
        ("Measured", f"{status.as_of:%Y-%m-%d %H:%M} UTC"),
        *([("Not known", "; ".join(unknown))] if unknown else []),
        *([("Action", "what would be more than the amount is refused")] if status.limit.action == "block" else []),
    )


def _text(sentence: str, facts: Facts) -> str:
    return "\n".join([f"{sentence}.", "", *(f"{name + ':':<11}{value}" for name, value in facts)])


def _html(sentence: str, facts: Facts) -> str:
    rows = "".join(f"<tr><th align='left'>{name}</th><td>{escape(value)}</td></tr>" for name, value in facts)
    return f"<p>{escape(sentence)}.</p><table>{rows}</table>"


def _payload(alert: Alert) -> Mapping[str, Any]:
    """Return what a program needs of it; decimals are texts, so that they stay exact."""
    status = alert.status
    numbers = {"used": status.used, "amount": status.limit.amount, "share": status.share}
    projected = status.projected
    return {
        "alert_id": alert.id,
        "kind": AlertKind.LIMIT.value,
        "limit_id": status.limit.id,
        "limit_version": status.limit.version,
        "state": alert.state.value,
        "threshold": alert.threshold,
        "episode": alert.episode,
        "scope": {name: value for name, value in zip(SCOPED, status.values, strict=True) if value},
        "metric": status.limit.metric,
        "period": str(status.limit.period),
        "first_day": status.days.first.isoformat(),
        "last_day": status.days.last.isoformat(),
        **{name: f"{plain(number):f}" for name, number in numbers.items()},
        "projected": None if projected is None else f"{plain(projected):f}",
        "is_over": status.is_over,
        "incomplete": status.incomplete,
        "missing_days": status.missing_days,
        "action": status.limit.action,
        "measured_at": status.as_of.isoformat(),
    }


def _number(number: Decimal) -> str:
    return f"{plain(number):,f}"


def _percent(share: Decimal) -> str:
    return f"{plain(share.quantize(_TENTH, ROUND_DOWN)):,f}"
