"""The messages that tell of alerts: one for all that go the same way at the same time, of limits and of data."""

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from enum import StrEnum
from html import escape
from itertools import groupby
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from usage_pipeline.alerts.tables import AlertKind, AlertState
from usage_pipeline.delivery.message import Message
from usage_pipeline.limits.limit_file import QuietHours
from usage_pipeline.storage.digests import fingerprint
from usage_pipeline.words import count

_KEY = "alerts-"
_MOST_SHOWN = 50
"""Alerts in a text for people; a program gets all."""

Facts = tuple[tuple[str, str], ...]
"""What is known of an alert, in words, by name."""


class Tally(StrEnum):
    """What the subject of a message counts its alerts as, in the order in which it does."""

    OVER = "over"
    REACHED = "reached a threshold"
    BELOW = "below one again"
    LIMITS = "about limits"
    RUNS = "about failed runs"
    SOURCES = "about silent sources"
    FILES = "about files"
    METERING = "about double metering"
    PRICES = "about missing prices"
    PERIODS = "about closed periods"
    ANOMALIES = "about anomalies"
    PROJECTIONS = "about projected limits"
    RESOLVED = "resolved"


class Way(NamedTuple):
    """How an alert goes to people: those of one way at one time are one message."""

    tenant_id: str | None
    """The tenant whom the message is for; None if it is for those who run the platform."""
    channels: tuple[str, ...]
    due: datetime
    """When people may be told."""

    @property
    def order(self) -> tuple[object, ...]:
        """By what ways are sorted."""
        return self.tenant_id or "", self.channels, self.due


@dataclass(frozen=True)
class News:
    """An alert as people and programs are told of it."""

    alert_id: str
    kind: AlertKind
    state: AlertState
    says: str
    """What has happened, in a sentence without its full stop."""
    tally: Tally
    about: Hashable
    """What the subject of a message counts: several thresholds of a limit are one."""
    facts: Facts
    payload: Mapping[str, Any]
    """What a program gets beside id, kind and state; decimals are texts, so that they stay exact."""
    way: Way


def messages(news: Iterable[News], now: datetime) -> Iterator[Message]:
    """Yield the messages that tell of these alerts.

    If the same alerts go to the platform and to a tenant through one channel, the key of the later message names
    the tenant: the outbox keeps one message of a key and channel.
    """
    in_order = sorted(news, key=lambda one: one.way.order)
    taken: set[tuple[str, str]] = set()
    for way, group in groupby(in_order, key=lambda one: one.way):
        message = _message(list(group), way, now)
        if any((message.key, channel) in taken for channel in way.channels):
            message = replace(message, key=f"{_KEY}{fingerprint([message.key, way.tenant_id])}")
        taken.update((message.key, channel) for channel in way.channels)
        yield message


def way_of(tenant_id: str | None, channels: Iterable[str], due: datetime) -> Way:
    """Return the way through these channels, in whatever order they are written."""
    return Way(tenant_id, tuple(sorted(set(channels))), due)


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


def _message(news: Sequence[News], way: Way, now: datetime) -> Message:
    counted = list({one.about: one for one in reversed(news)}.values())[::-1]  # the first about each
    shown, left = news[:_MOST_SHOWN], len(news) - len(news[:_MOST_SHOWN])
    more = [f"{left:,} more: `usage-pipeline alerts list` has all of them."] if left else []
    return Message(
        key=f"{_KEY}{fingerprint(part for one in news for part in (one.alert_id, one.state))}",
        channels=way.channels,
        subject=news[0].says if len(counted) == 1 else _subject(counted, way.tenant_id),
        text="\n\n".join([*map(_text, shown), *more]) + "\n",
        html="\n".join([*map(_html, shown), *map("<p>{}</p>".format, more)]),
        payload={
            "type": "alerts",
            "timestamp": now.isoformat(),
            "data": {"tenant_id": way.tenant_id, "alerts": list(map(_payload, news))},
        },
        created_at=now,
        not_before=way.due,
        tenant_id=way.tenant_id,
    )


def _subject(news: Sequence[News], tenant_id: str | None) -> str:
    of_limits = all(one.kind is AlertKind.LIMIT for one in news)
    tallies = Counter(Tally.LIMITS if one.kind is AlertKind.LIMIT and not of_limits else one.tally for one in news)
    listed = ", ".join(f"{tallies[tally]:,} {tally}" for tally in Tally if tallies[tally])
    of_tenant = f" of {tenant_id}" if tenant_id is not None else ""
    return f"{count(len(news), 'limit' if of_limits else 'alert')}{of_tenant}: {listed}"


def _text(one: News) -> str:
    width = max([len("Projected:"), *(len(name) + 1 for name, _ in one.facts)])
    facts = [f"{name + ':':<{width}} {value}" for name, value in one.facts]
    return "\n".join([f"{one.says}.", *(["", *facts] if facts else [])])


def _html(one: News) -> str:
    rows = "".join(f"<tr><th align='left'>{name}</th><td>{escape(value)}</td></tr>" for name, value in one.facts)
    return f"<p>{escape(one.says)}.</p><table>{rows}</table>"


def _payload(one: News) -> Mapping[str, Any]:
    return {"alert_id": one.alert_id, "kind": one.kind.value, "state": one.state.value, **one.payload}
