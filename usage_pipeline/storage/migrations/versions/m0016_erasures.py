"""Erasures of tenants and members, and the content that a landing file had before one."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

SCHEMA = "usage"


def upgrade() -> None:
    """Add table and columns; nobody was erased so far."""
    op.create_table(
        "erasures",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("subject_digest", sa.Text, nullable=False),
        sa.Column("subject_tenant", sa.Text),
        sa.Column("subject_member", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True)),
        sa.Column("counts", sa.JSON, nullable=False),
        sa.Column("certificate_digest", sa.Text),
        schema=SCHEMA,
    )
    op.add_column("landing_files", sa.Column("digest_before_erasure", sa.Text), schema=SCHEMA)
    op.add_column("landing_files", sa.Column("erased_at", sa.DateTime(timezone=True)), schema=SCHEMA)


def downgrade() -> None:
    """Take them back."""
    op.drop_column("landing_files", "erased_at", schema=SCHEMA)
    op.drop_column("landing_files", "digest_before_erasure", schema=SCHEMA)
    op.drop_table("erasures", schema=SCHEMA)
