"""Webhooks to a real receiver: what it gets and verifies, what its answers mean, and whom nothing is sent to."""

import json
import logging
import socket
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any

import pytest
from pydantic import SecretStr
from standardwebhooks import Webhook

from usage_pipeline.delivery.addresses import is_public
from usage_pipeline.delivery.channel_file import WebhookEntry, signing_key
from usage_pipeline.delivery.message import ChannelDownError, DeliveryError, GoneError
from usage_pipeline.delivery.webhook import WebhookChannel, retry_after, signed_headers
from usage_pipeline.settings import Settings
from usage_pipeline_tests.delivery.receiving import SECRET, Receiver, message, receiving

Send = Callable[..., None]


@pytest.fixture
def send(deployment: Callable[..., Settings]) -> Send:
    """Sends a message to an address."""

    def send_one(url: str, settings: dict[str, Any] | None = None, **fields: Any) -> None:
        entry = WebhookEntry.model_validate({"type": "webhook", "url": url, "secret_env": "OPS_SECRET"})
        WebhookChannel(entry, deployment(**(settings or {}))).send(message(**fields))

    return send_one


def test_the_receiver_verifies_the_payload_and_knows_its_key(receiver: Receiver, send: Send) -> None:
    payload = {"type": "limit.reached", "data": {"tenant": "Müller", "share": "80.5"}}
    send(receiver.url, payload=payload)
    (request,) = receiver.requests
    assert Webhook(SECRET).verify(request.body, request.headers) == payload
    assert request.body == '{"type":"limit.reached","data":{"tenant":"Müller","share":"80.5"}}'.encode()
    assert (request.path, request.headers["webhook-id"], request.headers["content-type"]) == (
        "/usage",
        "alert-1",
        "application/json",
    )


def test_a_message_without_a_payload_is_subject_and_text(receiver: Receiver, send: Send) -> None:
    send(receiver.url)
    assert json.loads(receiver.requests[0].body) == {
        "subject": "Limit reached",
        "text": "80 % of the tokens are used.",
    }


def test_headers_are_those_of_the_example_of_the_specification() -> None:
    body = '{"test": 2432232314}'
    key = signing_key(SecretStr(SECRET)) or b""
    now = datetime.fromtimestamp(1614265330, UTC)
    headers = signed_headers("msg_p5jXN8AQM9LWM0D4loKWxJek", body, key, now)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert headers["webhook-timestamp"] == "1614265330"


@pytest.mark.parametrize(
    ("status", "error", "said"),
    [
        (400, DeliveryError, "the receiver answered 400"),
        (410, GoneError, "the receiver answered 410: it is gone for good"),
        (429, ChannelDownError, "the receiver answered 429"),
        (500, ChannelDownError, "the receiver answered 500"),
    ],
)
def test_an_answer_other_than_success_is_an_error(
    receiver: Receiver, send: Send, status: int, error: type[DeliveryError], said: str
) -> None:
    receiver.answer(status)
    with pytest.raises(DeliveryError) as raised:
        send(receiver.url)
    assert (type(raised.value), str(raised.value)) == (error, said)


@pytest.mark.parametrize("status", [200, 202, 204])
def test_every_answer_of_success_will_do(receiver: Receiver, send: Send, status: int) -> None:
    receiver.answer(status)
    send(receiver.url)
    assert receiver.keys == ["alert-1"]


def test_a_receiver_asks_to_wait(receiver: Receiver, send: Send) -> None:
    receiver.answer(429, retry_after="120")
    with pytest.raises(ChannelDownError) as raised:
        send(receiver.url)
    assert raised.value.retry_after == timedelta(minutes=2)


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("120", timedelta(minutes=2)),
        ("Mon, 01 Jun 2026 00:05:00 GMT", timedelta(minutes=5)),
        ("Sun, 31 May 2026 00:00:00 GMT", timedelta()),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("²", None),
    ],
)
def test_the_wait_is_in_seconds_or_until_a_time(header: str, wait: timedelta | None) -> None:
    assert retry_after(header, datetime(2026, 6, 1, tzinfo=UTC)) == wait


def test_a_redirect_is_not_followed(receiver: Receiver, send: Send) -> None:
    with receiving() as other:
        receiver.answer(302, location=other.url)
        with pytest.raises(ChannelDownError, match=r"^the receiver answered 302: redirects are not followed$"):
            send(receiver.url)
    assert (len(receiver.requests), other.requests) == (1, [])


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "[::1]", "10.0.0.1", "169.254.169.254", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0"],
)
def test_an_address_of_this_machine_or_network_is_refused(receiver: Receiver, send: Send, host: str) -> None:
    url = receiver.url.replace("127.0.0.1", host)
    with pytest.raises(ChannelDownError, match=r"^the receiver is at a private, loopback or reserved address; "):
        send(url, {"webhook_allow_private": False})
    assert receiver.requests == []


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("64:ff9b::5db8:d70e", True),  # 93.184.215.14 by NAT64
        ("::ffff:93.184.215.14", True),
        *(
            (address, False)
            for address in (
                *("0.0.0.0", "10.1.2.3", "100.64.0.1", "127.8.8.8", "169.254.169.254", "172.16.0.1"),  # noqa: S104
                *("192.168.0.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "192.0.2.1"),
                *("::", "::1", "::7f00:1", "fe80::1", "fec0::1", "fc00::1", "fd00::1", "ff02::1", "2001:db8::1"),
                *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::a00:1"),
                *("2002:7f00:1::", "2002:a00:1::1", "2001:0:a00:1::"),
            )
        ),
    ],
)
def test_public_addresses_are_those_that_anybody_can_reach(address: str, public: bool) -> None:  # noqa: FBT001
    assert is_public(ip_address(address)) is public


def test_a_name_with_a_private_address_beside_a_public_one_is_refused(
    monkeypatch: pytest.MonkeyPatch, receiver: Receiver, send: Send
) -> None:
    names = resolving(monkeypatch, ["93.184.215.14", "127.0.0.1"])
    with pytest.raises(ChannelDownError, match="private"):
        send(receiver.url.replace("127.0.0.1", "hooks.example"), {"webhook_allow_private": False})
    assert (names, receiver.requests) == (["hooks.example"], [])


def test_the_connection_takes_an_address_that_was_checked(
    monkeypatch: pytest.MonkeyPatch, receiver: Receiver, send: Send
) -> None:
    """A second look at the name could find another address, as the owner of the name wants."""
    names = resolving(monkeypatch, ["127.0.0.1"], ["93.184.215.14"])
    url = receiver.url.replace("127.0.0.1", "hooks.example")
    send(url)
    assert names == ["hooks.example"]
    assert receiver.requests[0].headers["host"] == url.removeprefix("http://").removesuffix("/usage")


def test_the_next_address_is_tried_where_one_does_not_answer(
    monkeypatch: pytest.MonkeyPatch, receiver: Receiver, send: Send
) -> None:
    resolving(monkeypatch, ["127.0.0.2", "127.0.0.1"])
    send(receiver.url.replace("127.0.0.1", "hooks.example"))
    assert receiver.keys == ["alert-1"]


def test_a_receiver_with_an_address_of_ipv6_gets_it(send: Send) -> None:
    try:
        with receiving("::1") as receiver:
            send(receiver.url)
    except OSError:
        pytest.skip("this machine has no IPv6")
    assert receiver.keys == ["alert-1"]


def resolving(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Let names have these addresses, in turn; returns the names that are asked for."""
    real, asked = socket.getaddrinfo, []

    def answer(host: str, port: int, *rest: Any, **more: Any) -> list[Any]:
        if host != "hooks.example":
            return real(host, port, *rest, **more)
        asked.append(host)
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in answers[len(asked) - 1]
        ]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    return asked


@pytest.mark.usefixtures("trusted")
def test_over_tls_the_receiver_is_known_by_its_name(of_localhost: ssl.SSLContext, send: Send) -> None:
    with receiving(tls=of_localhost) as receiver:
        send(receiver.url.replace("127.0.0.1", "localhost"))
        with pytest.raises(ChannelDownError, match=r"^TLS with the receiver failed: CERTIFICATE_VERIFY_FAILED$"):
            send(receiver.url)
    assert len(receiver.requests) == 1


def test_a_receiver_that_nobody_vouches_for_gets_nothing(of_localhost: ssl.SSLContext, send: Send) -> None:
    with (
        receiving(tls=of_localhost) as receiver,
        pytest.raises(ChannelDownError, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        send(receiver.url.replace("127.0.0.1", "localhost"))
    assert receiver.requests == []


def test_neither_errors_nor_logs_nor_printed_channels_have_the_address_or_the_key(
    deployment: Callable[..., Settings],
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    entry = WebhookEntry.model_validate({"type": "webhook", "url_env": "OPS_URL", "secret_env": "OPS_SECRET"})
    channel = WebhookChannel(entry, deployment())
    told = [repr(channel), str(entry)]
    for url, statuses in (
        (receiver.url, [500]),
        ("http://127.0.0.1:1/usage", []),
        ("https://no.invalid/usage", []),
    ):
        monkeypatch.setenv("OPS_URL", f"{url}/hunter2")
        receiver.answer(*statuses)
        with pytest.raises(ChannelDownError) as raised:
            channel.send(message())
        told.append(f"{raised.value!r} {raised.value}")
    assert receiver.requests[0].path == "/usage/hunter2"
    key = SECRET.removeprefix("whsec_")
    assert [text for text in (*told, caplog.text) if "hunter2" in text or key in text] == []
