"""Credit rates, and the rates of each day."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0014"

SCHEMA = "usage"


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "credit_rate_versions",
        sa.Column("version", sa.Text, primary_key=True),
        sa.Column("first_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        schema=SCHEMA,
    )
    op.create_table(
        "credit_rated_days",
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("credit_rate_version", sa.Text, nullable=False),
        sa.Column("pinned_at", sa.DateTime(timezone=True), nullable=False),
        schema=SCHEMA,
    )


def downgrade() -> None:
    """Take them back."""
    for name in ("credit_rated_days", "credit_rate_versions"):
        op.drop_table(name, schema=SCHEMA)
