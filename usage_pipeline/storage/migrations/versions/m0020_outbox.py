"""The outbox: messages until they are delivered."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"

SCHEMA = "usage"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "outbox",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("channel", sa.Text, primary_key=True),
        sa.Column("tenant_id", sa.Text),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("html", sa.Text),
        sa.Column("payload", sa.JSON),
        sa.Column("attachments", sa.JSON),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("last_error", sa.Text),
        sa.Column("delivered_at", sa.DateTime(timezone=True)),
        schema=SCHEMA,
    )
    op.create_index("ix_usage_outbox_due", "outbox", ["state", "next_attempt_at"], schema=SCHEMA)


def downgrade() -> None:
    """Take it back."""
    op.drop_table("outbox", schema=SCHEMA)
