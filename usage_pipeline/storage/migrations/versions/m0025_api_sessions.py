"""The sessions of browsers."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"

SCHEMA = "usage"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "api_sessions",
        sa.Column("session_digest", sa.Text, primary_key=True),
        sa.Column("key_id", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        schema=SCHEMA,
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_table("api_sessions", schema=SCHEMA)
