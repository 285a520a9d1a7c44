"""What is sent through a channel, and how sending it can fail.

Texts of errors go into the outbox and are shown to people: they hold no secret and nothing that a server has said.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from usage_pipeline.errors import UsagePipelineError

_KEY = re.compile(r"[!-\-/-~]{1,200}")
"""Fit for a header, and without the full stop that separates the parts of what a webhook signs."""


@dataclass(frozen=True)
class Attachment:
    """A file that goes with a message."""

    path: str
    """Below the data directory."""
    size: int
    """Bytes."""


@dataclass(frozen=True)
class Message:
    """A message, and the channels that it goes through."""

    key: str
    """Stays the same however often it is written or sent. A digest where it would name a person."""
    channels: tuple[str, ...]
    subject: str
    text: str
    created_at: datetime
    tenant_id: str | None = None
    html: str | None = None
    payload: Mapping[str, Any] | None = None
    """The body for webhooks, of what JSON knows: decimals are texts."""
    attachments: tuple[Attachment, ...] = ()
    not_before: datetime | None = None
    """When it may be sent; at once without it."""

    def __post_init__(self) -> None:
        """Raise ValueError for a key that not every channel can carry."""
        if not _KEY.fullmatch(self.key):
            raise ValueError(
                f"A key has up to 200 characters of ASCII without spaces and full stops: {self.key!r}."
            )

    def files(self, data_dir: Path) -> list[Path]:
        """Return the attached files. Raises DeliveryError if one is gone or has changed."""
        found = [data_dir / attachment.path for attachment in self.attachments]
        for attachment, path in zip(self.attachments, found, strict=True):
            if not path.is_file() or path.stat().st_size != attachment.size:
                raise DeliveryError(f"the attachment {attachment.path} is gone or has changed")
        return found


class DeliveryError(UsagePipelineError):
    """A message could not be delivered; it is tried again later."""

    def __init__(self, text: str, retry_after: timedelta | None = None) -> None:
        """Keep how long the receiver asks to wait."""
        super().__init__(text)
        self.retry_after = retry_after


class ChannelDownError(DeliveryError):
    """It could not, and no other message could now: the channel itself has a fault, or asks to wait."""


class GoneError(DeliveryError):
    """The receiver is gone for good; nothing is tried again."""


class Channel(Protocol):
    """A way to send messages."""

    def send(self, message: Message) -> None:
        """Send a message, and return when the receiver has it. Raises DeliveryError."""
