"""The outbox: messages are written with what they tell of, sent afterwards at least once, and tried again.

A row is locked while it is sent, so that two processes never send the same one at once; a process that dies before
its commit leaves the row as it was, and the message is sent again with the same key.
"""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Text, cast, func, literal_column, select
from sqlalchemy.dialects.postgresql import aggregate_order_by, insert

from usage_pipeline.delivery.message import (
    Attachment,
    Channel,
    ChannelDownError,
    DeliveryError,
    GoneError,
    Message,
)
from usage_pipeline.delivery.tables import OUTBOX, OutboxState
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import warehouse_table
from usage_pipeline.words import did_you_mean

outbox = warehouse_table(OUTBOX)

_CONTENT = ("key", "tenant_id", "subject", "text", "html", "payload", "created_at")
"""What columns and messages have in common."""


FIRST, LONGEST = timedelta(minutes=1), timedelta(hours=12)
"""The wait after the first failure, and the longest; each is twice the one before."""
MOST_ASKED = timedelta(days=1)
"""The longest wait that a receiver can ask for."""
_SPREAD = 5
"""Waits are longer by up to a fifth, so that messages that failed together do not come together again."""
_SHARES = 1 << 32


@dataclass(frozen=True)
class Due:
    """The messages that are due, counted for each channel."""

    messages: int
    newest: datetime
    """When the last of them became due."""
    digest: str
    """Of their keys, channels and attempts."""


def enqueue(connection: Connection, messages: Iterable[Message]) -> int:
    """Add messages within the caller's transaction, and return how many rows are new.

    One that is there already, by key and channel, stays as it is.
    """
    rows = [row for message in messages for row in _rows(message)]
    if not rows:
        return 0
    added = insert(outbox).on_conflict_do_nothing().returning(outbox.c.key)
    return len(connection.execute(added, rows).all())


def deliver_due(storage: Storage, channels: Mapping[str, Channel], now: datetime) -> Counter[OutboxState]:
    """Send what is due, each message by itself, and count what became of them; `pending` are tried again later.

    A channel that is down gets no more messages in this call, so that it does not hold up the others.
    """
    done: Counter[OutboxState] = Counter()
    down: set[str] = set()
    while True:
        with storage.warehouse.begin() as connection:
            row = _take(connection, now, down)
            if row is None:
                return done
            error = _send(channels, row)
            if isinstance(error, ChannelDownError):
                down.add(row["channel"])
            changed = _outcome(row, error, storage.settings.delivery_attempts, now)
            same = (outbox.c.key == row["key"]) & (outbox.c.channel == row["channel"])
            connection.execute(outbox.update().where(same).values(changed))
        done[changed["state"]] += 1


def count_dead(connection: Connection) -> dict[str, int]:
    """Count the messages that are dead, by channel."""
    columns = outbox.c
    dead = select(columns.channel, func.count()).where(columns.state == OutboxState.DEAD)
    found = connection.execute(dead.group_by(columns.channel).order_by(columns.channel))
    return {channel: number for channel, number in found}  # noqa: C416 - mypy knows no dict of rows


def find_due(connection: Connection, now: datetime) -> Due | None:
    """Return what is due; None if nothing is."""
    columns = outbox.c
    about = columns.key + " " + columns.channel + " " + cast(columns.attempts, Text)
    listed: ColumnElement[str] = aggregate_order_by(literal_column("','"), columns.key, columns.channel)
    query = select(func.count(), func.max(columns.next_attempt_at), func.md5(func.string_agg(about, listed)))
    messages, newest, digest = connection.execute(query.where(_is_due(now))).one()
    return Due(messages, newest, digest) if messages else None


def revive(connection: Connection, now: datetime) -> int:
    """Let the messages that are dead be tried again as if they were new, and return how many that are."""
    dead = outbox.update().where(outbox.c.state == OutboxState.DEAD)
    again = {"state": OutboxState.PENDING, "attempts": 0, "next_attempt_at": now}
    return connection.execute(dead.values(again)).rowcount


def next_attempt(
    key: str, channel: str, attempts: int, now: datetime, retry_after: timedelta | None = None
) -> datetime:
    """Return when to try again after so many attempts; the same for the same message, channel and attempts."""
    doubled = FIRST * (1 << min(attempts - 1, 16))
    wait = min(doubled, LONGEST)
    wait += wait / _SPREAD * _share(key, channel, attempts)
    return now + max(wait, min(retry_after or timedelta(), MOST_ASKED))


def _rows(message: Message) -> Iterable[dict[str, Any]]:
    content = {
        **{name: getattr(message, name) for name in _CONTENT},
        "attachments": [vars(attachment) for attachment in message.attachments] or None,
        "next_attempt_at": message.not_before or message.created_at,
        "attempts": 0,
        "state": OutboxState.PENDING,
    }
    return ({**content, "channel": channel} for channel in message.channels)


def _is_due(now: datetime) -> ColumnElement[bool]:
    return (outbox.c.state == OutboxState.PENDING) & (outbox.c.next_attempt_at <= now)


def _take(connection: Connection, now: datetime, down: Collection[str]) -> RowMapping | None:
    """Lock the message that has been due for longest and that nobody else is sending."""
    columns = outbox.c
    query = select(outbox).where(_is_due(now), columns.channel.not_in(down))
    ordered = query.order_by(columns.next_attempt_at, columns.key, columns.channel).limit(1)
    return connection.execute(ordered.with_for_update(skip_locked=True)).mappings().one_or_none()


def _send(channels: Mapping[str, Channel], row: RowMapping) -> DeliveryError | None:
    name = row["channel"]
    channel = channels.get(name)
    if channel is None:
        meant = did_you_mean(name, channels)
        return ChannelDownError(f"channels.yaml has no channel {name!r}{f'; {meant}' if meant else ''}")
    try:
        channel.send(_message(row))
    except DeliveryError as error:
        return error
    except Exception as error:  # noqa: BLE001 - what is wrong with one message must not hold up the others
        return DeliveryError(f"an unexpected {type(error).__name__}")  # its text may hold a secret
    return None


def _message(row: RowMapping) -> Message:
    attachments = tuple(Attachment(**attachment) for attachment in row["attachments"] or ())
    return Message(**{name: row[name] for name in _CONTENT}, channels=(row["channel"],), attachments=attachments)


def _outcome(row: RowMapping, error: DeliveryError | None, most: int, now: datetime) -> dict[str, Any]:
    """Return what changes in a row after an attempt."""
    attempts = row["attempts"] + 1
    if error is None:
        return {
            "state": OutboxState.DELIVERED,
            "attempts": attempts,
            "last_error": None,
            "delivered_at": now,
        }
    is_dead = attempts >= most or isinstance(error, GoneError)
    return {
        "state": OutboxState.DEAD if is_dead else OutboxState.PENDING,
        "attempts": attempts,
        "last_error": str(error),
        "next_attempt_at": next_attempt(row["key"], row["channel"], attempts, now, error.retry_after),
    }


def _share(key: str, channel: str, attempts: int) -> float:
    """Return a number from 0 to 1 that differs between messages."""
    digest = hashlib.sha256(f"{key}\x1f{channel}\x1f{attempts}".encode()).digest()
    return int.from_bytes(digest[:4], "big") / _SHARES
