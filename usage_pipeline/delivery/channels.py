"""The channels of a deployment by name; and that for chats, pagers and telephones, by URLs of Apprise."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from usage_pipeline.delivery.channel_file import (
    CHANNELS_FILE,
    AppriseEntry,
    EmailEntry,
    Entry,
    WebhookEntry,
    read_channels,
)
from usage_pipeline.delivery.mail import MailChannel
from usage_pipeline.delivery.message import Channel, ChannelDownError, Message
from usage_pipeline.delivery.webhook import WebhookChannel
from usage_pipeline.settings import Settings
from usage_pipeline.tenants.models import Tenants
from usage_pipeline.tenants.reference import load_tenants

_SECONDS = 30
_SPEAKING = ("apprise", "urllib3", "requests", "requests_oauthlib", "oauthlib")
"""Loggers that tell of addresses, in which services have their tokens."""


MAIL_TO = "mailto:"
"""Begins the name of a channel that is not in the file: e-mail to the address that follows."""


@dataclass(frozen=True)
class Channels(Mapping[str, Channel]):
    """The channels by name, and one for each address of e-mail."""

    named: Mapping[str, Channel]
    settings: Settings

    def __getitem__(self, name: str) -> Channel:
        """Return a channel."""
        if name.startswith(MAIL_TO):
            entry = EmailEntry.model_validate({"type": "email", "to": [name.removeprefix(MAIL_TO)]})
            return MailChannel(entry, self.settings, {})
        return self.named[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names in the file."""
        return iter(self.named)

    def __len__(self) -> int:
        """Return the number of channels in the file."""
        return len(self.named)


def open_channels(settings: Settings) -> Channels:
    """Read the channels of `channels.yaml`. Raises ReferenceFileError. What is missing to send, sending says."""
    tenants = load_tenants(settings)
    entries = read_channels(settings.reference / CHANNELS_FILE)
    return Channels({name: _channel(entry, settings, tenants) for name, entry in entries.items()}, settings)


def _channel(entry: Entry, settings: Settings, tenants: Tenants) -> Channel:
    match entry:
        case EmailEntry():
            contacts = {name: tenant.contacts for name, tenant in tenants.by_id.items()}
            return MailChannel(entry, settings, contacts)
        case WebhookEntry():
            return WebhookChannel(entry, settings)
        case _:
            return AppriseChannel(entry, settings)


@dataclass(frozen=True)
class AppriseChannel:
    """Sends subject, text and attachments to the service of one URL."""

    entry: AppriseEntry
    settings: Settings

    def send(self, message: Message) -> None:
        """Send it. Raises DeliveryError; Apprise does not say why."""
        if problem := self.entry.problem(self.settings):
            raise ChannelDownError(problem)
        files = [str(path) for path in message.files(self.settings.data_dir)]
        import apprise  # noqa: PLC0415 - slow to import, and few have such a channel

        for name in _SPEAKING:
            logging.getLogger(name).setLevel(logging.CRITICAL)
        service = apprise.Apprise()
        if not service.add(self.entry.target) or len(service) != 1:
            raise ChannelDownError(f"{self.entry.url_env} does not hold the URL of one service that Apprise knows")
        is_sent = service.notify(
            title=message.subject,
            body=message.text,
            body_format=apprise.NotifyFormat.TEXT,
            attach=files or None,
            timeout=_SECONDS,
        )
        if not is_sent:
            raise ChannelDownError("the service of Apprise did not accept the message")
