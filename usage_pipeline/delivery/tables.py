"""The table of this folder: the outbox."""

from enum import StrEnum

from usage_pipeline.storage.tables import Erasure, TableSpec, columns


class OutboxState(StrEnum):
    """What became of a message on a channel so far."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"


OUTBOX = TableSpec(
    name="outbox",
    description="Messages to send, and those that were sent, one row per key and channel.",
    columns=columns(
        ("key", "VARCHAR", "The message: a receiver recognizes by it what it has got already."),
        ("channel", "VARCHAR", "Name of the channel in `channels.yaml`."),
        ("tenant_id", "VARCHAR", "The tenant that the message is about or for."),
        ("subject", "VARCHAR", "Subject."),
        ("text", "VARCHAR", "The message as plain text."),
        ("html", "VARCHAR", "The same in HTML, for e-mail."),
        ("payload", "JSON", "The body for webhooks; without one, subject and text."),
        ("attachments", "JSON", "Paths below the data directory, and sizes in bytes."),
        ("created_at", "TIMESTAMPTZ", "When it was written."),
        ("next_attempt_at", "TIMESTAMPTZ", "While it is pending: when it is due."),
        ("attempts", "INTEGER", "How often sending was tried.", "attempts"),
        ("state", "VARCHAR", "`pending`, `delivered` or `dead`."),
        ("last_error", "VARCHAR", "Why the last attempt failed; never a secret."),
        ("delivered_at", "TIMESTAMPTZ", "When it was delivered."),
    ),
    rules=(
        "A message is written in the transaction of what it tells of, and sent afterwards, at least once.",
        (
            "What fails is tried again, each time later. After `USAGE_DELIVERY_ATTEMPTS` attempts, or if the "
            "receiver is gone for good, it is dead. Each channel has its own attempts."
        ),
        "`usage-pipeline clean-up` removes what is not pending any more after `USAGE_OUTBOX_DAYS`.",
    ),
    key=("key", "channel"),
    nullable=frozenset({"tenant_id", "html", "payload", "attachments", "last_error", "delivered_at"}),
    indexes=(("ix_usage_outbox_due", ("state", "next_attempt_at")),),
    erasure=Erasure.REMOVED,
)
