"""The outbox: written once, and sent at least once."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from usage_pipeline.delivery.message import Attachment
from usage_pipeline.delivery.outbox import enqueue, outbox
from usage_pipeline.delivery.tables import OutboxState
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.conftest import NOW
from usage_pipeline_tests.delivery.outboxes import MINUTE, Kept, rows
from usage_pipeline_tests.delivery.receiving import message

PENDING, DELIVERED, DEAD = OutboxState.PENDING, OutboxState.DELIVERED, OutboxState.DEAD


def test_a_message_is_one_row_for_each_channel_and_is_written_once(
    storage: Storage, add: Callable[..., int]
) -> None:
    assert add(message("one", "email", "ops"), message("two", "ops")) == 3
    assert add(message("one", "ops", "chat", subject="Other"), message("one", "chat")) == 1
    assert rows(storage, "key", "channel", "subject", "state", "attempts") == [
        ("one", "chat", "Other", "pending", 0),
        ("one", "email", "Limit reached", "pending", 0),
        ("one", "ops", "Limit reached", "pending", 0),
        ("two", "ops", "Limit reached", "pending", 0),
    ]


def test_a_message_of_a_transaction_that_is_taken_back_is_none(storage: Storage) -> None:
    with storage.warehouse.connect() as connection:
        enqueue(connection, [message("one", "ops")])
    assert rows(storage, "key") == []


def test_a_channel_gets_the_message_as_it_was_written(
    add: Callable[..., int], deliver: Callable[..., object]
) -> None:
    ops = Kept()
    written = message(
        *("one", "ops"),
        tenant_id="acme",
        html="<p>80 %</p>",
        payload={"share": "80.10", "days": [1]},
        attachments=(Attachment("reports/may.csv", 10),),
    )
    plain = message("two", "ops")
    add(written, plain)
    deliver({"ops": ops})
    assert ops.sent == [written, plain]


def test_what_a_message_does_not_have_is_null(storage: Storage, add: Callable[..., int]) -> None:
    add(message("one", "ops"))
    absent = outbox.c.payload.is_(None) & outbox.c.attachments.is_(None) & outbox.c.html.is_(None)
    with storage.warehouse.connect() as connection:
        assert connection.execute(select(absent)).scalar_one()


@pytest.mark.parametrize("key", ["", "a b", "a.b", "a\nb", "ä", "a" * 201])
def test_a_key_is_one_that_every_channel_can_carry(key: str) -> None:
    with pytest.raises(ValueError, match="A key has up to 200 characters"):
        message(key)


def test_what_was_delivered_is_not_sent_again(
    storage: Storage, add: Callable[..., int], deliver: Callable[..., object]
) -> None:
    ops = Kept()
    add(message("one", "ops"))
    assert [deliver({"ops": ops}), deliver({"ops": ops}, 10_000)] == [{DELIVERED: 1}, {}]
    assert add(message("one", "ops")) == 0
    assert rows(storage, "state", "attempts", "delivered_at") == [("delivered", 1, NOW)]
    assert ops.keys == ["one"]


def test_a_message_is_not_sent_before_it_is_due(add: Callable[..., int], deliver: Callable[..., object]) -> None:
    add(message("one", "ops", created_at=NOW + MINUTE))
    ops = Kept()
    assert [deliver({"ops": ops}, minutes) for minutes in (0, 1)] == [{}, {DELIVERED: 1}]
