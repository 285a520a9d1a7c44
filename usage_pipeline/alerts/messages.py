"""What is said of alerts on limits."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import ROUND_DOWN, Decimal
from typing import Any

from usage_pipeline.alerts.alert import Alert, subject_of
from usage_pipeline.alerts.digest import Facts, News, Tally, due_at, way_of
from usage_pipeline.alerts.tables import AlertKind, AlertState
from usage_pipeline.limits.decisions import plain
from usage_pipeline.limits.limited import COST, SCOPED
from usage_pipeline.tenants.models import Tenants
from usage_pipeline.words import count

_TENTH = Decimal("0.1")


def limit_news(alerts: Iterable[Alert], tenants: Tenants, now: datetime) -> Iterator[News]:
    """Yield what people are told of these alerts; of a limit without channels nothing."""
    for alert in alerts:
        limit, tenant = alert.status.limit, tenants.by_id.get(alert.status.tenant_id)
        if limit.channels:
            due = due_at(limit.quiet_hours, tenant.time_zone if tenant else "UTC", now)
            yield News(
                alert_id=alert.id,
                kind=AlertKind.LIMIT,
                state=alert.state,
                says=says(alert),
                tally=_tally(alert),
                about=subject_of(alert.status),
                facts=_facts(alert),
                payload=_payload(alert),
                way=way_of(alert.status.tenant_id, limit.channels, due),
            )


def says(alert: Alert) -> str:
    """Say what has happened, in a sentence without its full stop."""
    named = f"The limit {alert.status.limit.id} of {alert.status.tenant_id}"
    if alert.state is AlertState.RESOLVED:
        return f"{named} is below {alert.threshold} % again"
    if alert.status.is_over:
        return f"{named} is over"
    return f"{named} has reached {alert.threshold} %"


def _tally(alert: Alert) -> Tally:
    if alert.state is AlertState.RESOLVED:
        return Tally.BELOW
    return Tally.OVER if alert.status.is_over else Tally.REACHED


def _facts(alert: Alert) -> Facts:
    status = alert.status
    scope = [f"{name} {value}" for name, value in zip(SCOPED, status.values, strict=True) if value]
    unit = "cost in USD" if status.limit.metric == COST else status.limit.metric
    expected = status.projected if status.as_of < status.days.ends_at else None
    projected = [] if expected is None else [("Projected", f"{_number(expected)} at the end of it")]
    unknown = [
        *(["usage without a price or a rate is not included"] if status.incomplete else []),
        *(
            [f"{count(status.missing_days, 'day')} without logs, or not computed yet"]
            if status.missing_days
            else []
        ),
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


def _payload(alert: Alert) -> Mapping[str, Any]:
    status = alert.status
    numbers = {"used": status.used, "amount": status.limit.amount, "share": status.share}
    projected = status.projected
    return {
        "tenant_id": status.tenant_id,
        "subject": status.limit.id,
        "limit_id": status.limit.id,
        "limit_version": status.limit.version,
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
