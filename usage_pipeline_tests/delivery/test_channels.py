"""The channels of a deployment, and what goes to a service of Apprise."""

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from usage_pipeline.delivery.channels import AppriseChannel, open_channels
from usage_pipeline.delivery.mail import MailChannel
from usage_pipeline.delivery.message import ChannelDownError
from usage_pipeline.delivery.webhook import WebhookChannel
from usage_pipeline.settings import Settings
from usage_pipeline_tests.delivery.receiving import Receiver, message

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # Apprise imports it

CHANNELS = """
email: {type: email, to: tenant_contacts}
ops: {type: webhook, url: https://hooks.example.com, secret_env: OPS_SECRET}
chat: {type: apprise, url_env: CHAT_URL}
"""


@pytest.fixture
def settings(deployment: Callable[..., Settings], tmp_path: Path) -> Settings:
    """Settings with a channel of each type."""
    (tmp_path / "reference").mkdir()
    (tmp_path / "reference" / "channels.yaml").write_text(CHANNELS)
    (tmp_path / "reference" / "tenants.yaml").write_text("acme: {contacts: [boss@acme.example]}\n")
    return deployment()


def test_each_channel_is_of_its_type_and_mail_knows_the_contacts(settings: Settings) -> None:
    channels: dict[str, Any] = dict(open_channels(settings))
    assert {name: type(channel) for name, channel in channels.items()} == {
        "email": MailChannel,
        "ops": WebhookChannel,
        "chat": AppriseChannel,
    }
    assert channels["email"].contacts == {"acme": ("boss@acme.example",)}


def test_a_service_of_apprise_gets_subject_and_text(
    settings: Settings, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAT_URL", receiver.url.replace("http", "json"))
    open_channels(settings)["chat"].send(message())
    body = json.loads(receiver.requests[0].body)
    assert (body["title"], body["message"]) == ("Limit reached", "80 % of the tokens are used.")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("json://127.0.0.1:1/hunter2", "the service of Apprise did not accept the message"),
        ("nosuch://hunter2", "CHAT_URL does not hold the URL of one service that Apprise knows"),
        (
            "json://127.0.0.1:1/hunter2, json://127.0.0.1:2/hunter2",
            "CHAT_URL does not hold the URL of one service that Apprise knows",
        ),
    ],
)
def test_what_a_service_does_not_accept_is_an_error_and_nothing_tells_its_url(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    url: str,
    said: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("CHAT_URL", url)
    with pytest.raises(ChannelDownError) as raised:
        open_channels(settings)["chat"].send(message())
    assert str(raised.value) == said
    assert "hunter2" not in caplog.text


def test_without_its_variable_nothing_is_sent(settings: Settings) -> None:
    with pytest.raises(ChannelDownError, match=r"^CHAT_URL is not set$"):
        open_channels(settings)["chat"].send(message())
