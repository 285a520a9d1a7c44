"""Which messages of the outbox have become due since delivery was requested last."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from usage_pipeline.delivery.outbox import find_due
from usage_pipeline.storage.digests import fingerprint
from usage_pipeline.storage.opened import Storage

AGAIN_AFTER = timedelta(minutes=5)
"""What is still due then is requested again: a channel was down, or the run that should deliver it has died."""


@dataclass(frozen=True)
class Delivery:
    """A delivery to request."""

    messages: int
    digest: str
    """Of the messages, their attempts and the present: Dagster starts a run once for each."""


def due_delivery(storage: Storage, last: datetime | None) -> Delivery | None:
    """Return the delivery to request now, if one was requested last at this time."""
    now = storage.settings.clock.now
    with storage.warehouse.connect() as connection:
        due = find_due(connection, now)
    if due is None or (last is not None and due.newest <= last and now < last + AGAIN_AFTER):
        return None
    return Delivery(due.messages, fingerprint([due.digest, now.isoformat()]))
