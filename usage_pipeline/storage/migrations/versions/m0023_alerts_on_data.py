"""Alerts on data beside those on limits."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"

SCHEMA = "usage"

_OF_LIMITS = (
    *("tenant_id", "limit_id", "limit_version", "member_id", "project", "model", "metric", "period"),
    *("first_day", "last_day", "threshold", "used", "amount"),
)


def upgrade() -> None:
    """Add the subject, which of limits is the limit, and let the columns that only limits have be null."""
    op.add_column("alerts", sa.Column("subject", sa.Text), schema=SCHEMA)
    op.execute(f"UPDATE {SCHEMA}.alerts SET subject = limit_id")
    op.alter_column("alerts", "subject", nullable=False, schema=SCHEMA)
    for name in _OF_LIMITS:
        op.alter_column("alerts", name, nullable=True, schema=SCHEMA)
    op.create_index("ix_usage_alerts_subject", "alerts", ["kind", "subject"], schema=SCHEMA)


def downgrade() -> None:
    """Take it back; alerts on data have no place then."""
    op.drop_index("ix_usage_alerts_subject", "alerts", schema=SCHEMA)
    op.execute(f"DELETE FROM {SCHEMA}.alerts WHERE kind <> 'limit'")
    for name in _OF_LIMITS:
        op.alter_column("alerts", name, nullable=False, schema=SCHEMA)
    op.drop_column("alerts", "subject", schema=SCHEMA)
