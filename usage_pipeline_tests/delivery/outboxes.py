"""What tests of the outbox share: a channel that keeps what it sends, and the rows of the outbox."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from usage_pipeline.delivery.message import (
    Message,
)
from usage_pipeline.delivery.outbox import outbox
from usage_pipeline.storage.opened import Storage

MINUTE = timedelta(minutes=1)


class Kept:
    """A channel that keeps what it sends, and then fails with these errors in turn."""

    def __init__(self, *errors: BaseException | None) -> None:
        self.sent: list[Message] = []
        self.errors = list(errors)

    def send(self, sent: Message) -> None:
        self.sent.append(sent)
        error = self.errors.pop(0) if self.errors else None
        if error is not None:
            raise error

    @property
    def keys(self) -> list[str]:
        return [sent.key for sent in self.sent]


def rows(storage: Storage, *names: str) -> list[tuple[Any, ...]]:
    """These columns of all rows, by key and channel."""
    query = select(*(outbox.c[name] for name in names)).order_by(outbox.c.key, outbox.c.channel)
    with storage.warehouse.connect() as connection:
        return list(map(tuple, connection.execute(query)))
