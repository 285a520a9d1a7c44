"""Messages that could not be sent: they are tried again, and given up in the end."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread

import pytest

from usage_pipeline.delivery.channel_file import WebhookEntry
from usage_pipeline.delivery.message import (
    Channel,
    ChannelDownError,
    DeliveryError,
    GoneError,
    Message,
)
from usage_pipeline.delivery.outbox import count_dead, deliver_due, enqueue, next_attempt, revive
from usage_pipeline.delivery.tables import OutboxState
from usage_pipeline.delivery.webhook import WebhookChannel
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.conftest import NOW, OpenOn
from usage_pipeline_tests.delivery.outboxes import MINUTE, Kept, rows
from usage_pipeline_tests.delivery.receiving import SECRET, Receiver, message

PENDING, DELIVERED, DEAD = OutboxState.PENDING, OutboxState.DELIVERED, OutboxState.DEAD


def test_each_wait_is_twice_the_one_before_and_up_to_a_fifth_longer() -> None:
    waits = [next_attempt("one", "ops", attempts, NOW) - NOW for attempts in range(1, 14)]
    least = [*(MINUTE * 2**doubled for doubled in range(10)), *([timedelta(hours=12)] * 3)]
    assert [low <= wait <= low * 1.2 for low, wait in zip(least, waits, strict=True)] == [True] * 13
    assert waits[0] == timedelta(seconds=69, microseconds=432_548)


def test_messages_that_failed_together_are_tried_at_different_times() -> None:
    places = (("one", "ops"), ("two", "ops"), ("one", "chat"))
    assert len({next_attempt(*place, 1, NOW) for place in places}) == 3


@pytest.mark.parametrize(
    ("asked", "wait"),
    [
        (timedelta(hours=2), timedelta(hours=2)),
        (timedelta(days=400), timedelta(days=1)),
        (timedelta(seconds=1), next_attempt("one", "ops", 1, NOW) - NOW),
    ],
)
def test_a_receiver_that_asks_for_it_gets_more_time_up_to_a_day(asked: timedelta, wait: timedelta) -> None:
    assert next_attempt("one", "ops", 1, NOW, asked) == NOW + wait


def test_a_receiver_that_fails_five_times_and_then_works_gets_the_message(
    storage: Storage, add: Callable[..., int], deliver: Callable[..., Counter[OutboxState]], receiver: Receiver
) -> None:
    receiver.answer(500, 429, 404, 500, 503)
    add(message("one", "ops"))
    ops = webhook(storage, receiver)
    assert [deliver({"ops": ops}, minutes) for minutes in (0, 2, 5, 10, 20, 40)] == [
        *([{PENDING: 1}] * 5),
        {DELIVERED: 1},
    ]
    assert receiver.keys == ["one"] * 6
    assert rows(storage, "state", "attempts", "last_error") == [("delivered", 6, None)]


def test_a_receiver_that_never_works_leaves_a_dead_message_and_other_channels_are_served(
    new_settings: Callable[..., Settings], open_on: OpenOn, receiver: Receiver
) -> None:
    with open_on(new_settings(delivery_attempts=3)) as storage:
        receiver.answer(500, 500, 500)
        channels = {"ops": webhook(storage, receiver), "email": Kept()}
        with storage.warehouse.begin() as connection:
            enqueue(connection, [message("one", "ops", "email")])
        done = [deliver_due(storage, channels, NOW + minutes * MINUTE) for minutes in (0, 2, 5, 10_000)]
        assert done == [{DELIVERED: 1, PENDING: 1}, {PENDING: 1}, {DEAD: 1}, {}]
        assert rows(storage, "channel", "state", "last_error") == [
            ("email", "delivered", None),
            ("ops", "dead", "the receiver answered 500"),
        ]
        with storage.warehouse.connect() as connection:
            assert count_dead(connection) == {"ops": 1}


def test_a_receiver_that_is_gone_is_not_tried_again(
    storage: Storage, add: Callable[..., int], deliver: Callable[..., object]
) -> None:
    add(message("one", "ops"))
    assert deliver({"ops": Kept(GoneError("gone"))}) == {DEAD: 1}
    assert rows(storage, "attempts", "last_error") == [(1, "gone")]


def test_a_dead_message_can_be_revived(
    storage: Storage, add: Callable[..., int], deliver: Callable[..., object]
) -> None:
    add(message("one", "ops"), message("two", "ops"))
    deliver({"ops": Kept(GoneError("gone"))})
    with storage.warehouse.begin() as connection:
        assert revive(connection, NOW) == 1
    ops = Kept()
    assert (deliver({"ops": ops}), ops.keys) == ({DELIVERED: 1}, ["one"])


def test_a_channel_that_is_down_gets_no_more_messages_in_the_same_call(
    storage: Storage, add: Callable[..., int], deliver: Callable[..., object]
) -> None:
    add(message("one", "ops"), message("two", "ops", "email"))
    ops, email = Kept(ChannelDownError("down")), Kept()
    assert deliver({"ops": ops, "email": email}) == {PENDING: 1, DELIVERED: 1}
    assert (ops.keys, email.keys) == (["one"], ["two"])
    assert rows(storage, "key", "channel", "attempts") == [
        ("one", "ops", 1),
        ("two", "email", 1),
        ("two", "ops", 0),
    ]


def test_a_message_that_cannot_be_sent_does_not_hold_up_the_next(
    add: Callable[..., int], deliver: Callable[..., object]
) -> None:
    add(message("one", "ops"), message("two", "ops"))
    assert deliver({"ops": Kept(DeliveryError("no contacts"))}) == {PENDING: 1, DELIVERED: 1}


def test_an_unexpected_error_is_told_by_its_kind_alone(
    storage: Storage, add: Callable[..., int], deliver: Callable[..., object]
) -> None:
    add(message("one", "ops"))
    assert deliver({"ops": Kept(RuntimeError("password hunter2"))}) == {PENDING: 1}
    assert rows(storage, "last_error") == [("an unexpected RuntimeError",)]


def test_a_channel_that_no_file_names_is_an_error_with_what_was_meant(
    storage: Storage, add: Callable[..., int], deliver: Callable[..., object]
) -> None:
    add(message("one", "emial"))
    assert deliver({"email": Kept()}) == {PENDING: 1}
    assert rows(storage, "last_error") == [("channels.yaml has no channel 'emial'; did you mean 'email'?",)]


def test_a_process_that_dies_after_sending_sends_again_with_the_same_key(
    storage: Storage, add: Callable[..., int], deliver: Callable[..., object], receiver: Receiver
) -> None:
    real = webhook(storage, receiver)

    class Killed:
        """Sends, and is killed before the commit."""

        def send(self, sent: Message) -> None:
            real.send(sent)
            raise SystemExit

    add(message("one", "ops"))
    with pytest.raises(SystemExit):
        deliver({"ops": Killed()})
    assert rows(storage, "state", "attempts") == [("pending", 0)]
    assert deliver({"ops": real}) == {DELIVERED: 1}
    assert receiver.keys == ["one", "one"]


def test_two_deliverers_at_once_send_each_message_once(
    storage: Storage, add: Callable[..., int], receiver: Receiver
) -> None:
    real = webhook(storage, receiver)
    keys = [f"alert-{number:02}" for number in range(10)]
    add(*(message(key, "ops") for key in keys))
    done: list[Counter[OutboxState]] = []
    both = Barrier(2)

    class Together:
        """Sends, each deliverer its first message when the other has one, too."""

        def __init__(self) -> None:
            self.has_begun = False

        def send(self, sent: Message) -> None:
            if not self.has_begun:
                self.has_begun = True
                both.wait()
            real.send(sent)

    def run() -> None:
        done.append(deliver_due(storage, {"ops": Together()}, NOW))

    threads = [Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (sorted(receiver.keys), sum(done, Counter())) == (keys, {DELIVERED: 10})
    assert all(share[DELIVERED] for share in done)


def webhook(storage: Storage, receiver: Receiver) -> Channel:
    """A real channel to this receiver."""
    entry = WebhookEntry.model_validate({"type": "webhook", "url": receiver.url, "secret_env": "OPS_SECRET"})
    settings = storage.settings.model_copy(update={"webhook_allow_private": True})
    return WebhookChannel(entry, settings)


@pytest.fixture(autouse=True)
def _signing_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPS_SECRET", SECRET)
