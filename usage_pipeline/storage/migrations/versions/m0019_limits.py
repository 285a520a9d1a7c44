"""How limits stand, and what remains of them and of credits."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

SCHEMA = "usage"


def upgrade() -> None:
    """Create both tables."""
    op.create_table(
        "limit_status",
        *(
            sa.Column(name, sa.Text, primary_key=True)
            for name in ("limit_id", "tenant_id", "member_id", "project", "model")
        ),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("limit_version", "metric", "period")),
        *(sa.Column(name, sa.Date, nullable=False) for name in ("first_day", "last_day")),
        *(sa.Column(name, sa.Numeric(38, 12), nullable=False) for name in ("amount", "used", "remaining")),
        sa.Column("share", sa.Numeric(38, 4), nullable=False),
        sa.Column("threshold", sa.Integer),
        sa.Column("first_day_over", sa.Date),
        sa.Column("projected", sa.Numeric(38, 12)),
        sa.Column("incomplete", sa.Boolean, nullable=False),
        sa.Column("missing_days", sa.BigInteger, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        schema=SCHEMA,
    )
    op.create_table(
        "limit_decisions",
        *(
            sa.Column(name, sa.Text, primary_key=True)
            for name in ("tenant_id", "limit_id", "member_id", "project", "model")
        ),
        sa.Column("metric", sa.Text, nullable=False),
        sa.Column("remaining", sa.Numeric(38, 12), nullable=False),
        sa.Column("amount", sa.Numeric(38, 12)),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True)),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        schema=SCHEMA,
    )


def downgrade() -> None:
    """Take them back."""
    for name in ("limit_decisions", "limit_status"):
        op.drop_table(name, schema=SCHEMA)
