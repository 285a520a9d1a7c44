"""The examples of docs/delivery.md: the channels load, and the receiver takes each message once."""

from collections.abc import Callable
from email.message import Message as Headers
from pathlib import Path
from typing import Any

import pytest

from usage_pipeline.delivery.channel_file import CHANNELS_FILE, WebhookEntry, read_channels
from usage_pipeline.delivery.webhook import WebhookChannel
from usage_pipeline.settings import Settings
from usage_pipeline_tests.delivery.receiving import SECRET, Receiver, message
from usage_pipeline_tests.test_docs import blocks, document


def test_the_channels_of_the_document_load(tmp_path: Path) -> None:
    (example,) = blocks(document("docs/delivery.md"), "yaml")
    (tmp_path / CHANNELS_FILE).write_text(example)
    assert list(read_channels(tmp_path / CHANNELS_FILE)) == ["email", "ops", "ops_webhook", "chat"]


def test_the_receiver_of_the_document_verifies_and_handles_each_key_once(
    deployment: Callable[..., Settings], receiver: Receiver, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPS_WEBHOOK_SECRET", SECRET)
    fields = {"type": "webhook", "url": receiver.url, "secret_env": "OPS_SECRET"}
    channel = WebhookChannel(WebhookEntry.model_validate(fields), deployment())
    for key in ("one", "one", "two"):
        channel.send(message(key, payload={"about": key}))
    handled: list[Any] = []
    names: dict[str, Any] = {"handle": handled.append}
    (example,) = blocks(document("docs/delivery.md"), "python")
    exec(example, names)  # noqa: S102 - our own document
    answers = [names["receive"](headers(request.headers), request.body) for request in receiver.requests]
    forged = names["receive"](headers(receiver.requests[0].headers), b'{"about":"three"}')
    names["database"].close()
    assert (answers, forged, handled) == ([204, 204, 204], 401, [{"about": "one"}, {"about": "two"}])


def headers(received: dict[str, str]) -> Headers:
    """Headers as a server of Python has them."""
    found = Headers()
    for name, text in received.items():
        found[name] = text
    return found
