"""The history of alerts."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"

SCHEMA = "usage"


def upgrade() -> None:
    """Add the table."""
    quantity = sa.Numeric(38, 12)
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "alerts",
        sa.Column("alert_id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.Column("limit_id", sa.Text, nullable=False),
        sa.Column("limit_version", sa.Text, nullable=False),
        sa.Column("member_id", sa.Text, nullable=False),
        sa.Column("project", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("metric", sa.Text, nullable=False),
        sa.Column("period", sa.Text, nullable=False),
        sa.Column("first_day", sa.Date, nullable=False),
        sa.Column("last_day", sa.Date, nullable=False),
        sa.Column("threshold", sa.Integer, nullable=False),
        sa.Column("episode", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("passed", sa.Boolean, nullable=False),
        sa.Column("used", quantity, nullable=False),
        sa.Column("amount", quantity, nullable=False),
        sa.Column("raised_at", instant, nullable=False),
        sa.Column("resolved_at", instant),
        schema=SCHEMA,
    )
    op.create_index("ix_usage_alerts_state", "alerts", ["state", "last_day"], schema=SCHEMA)


def downgrade() -> None:
    """Take it back."""
    op.drop_table("alerts", schema=SCHEMA)
