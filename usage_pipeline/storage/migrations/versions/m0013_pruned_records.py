"""The state says how far the records of each tenant are pruned, and how many lines of files and days those are."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

SCHEMA = "usage"
COUNTS = (("landing_files", "accepted_pruned"), ("landing_event_days", "pruned_rows"))


def upgrade() -> None:
    """Add table and columns; no record was pruned so far."""
    op.create_table(
        "pruned_tenants",
        sa.Column("tenant_id", sa.Text, primary_key=True),
        sa.Column("first_kept", sa.Date, nullable=False),
        schema=SCHEMA,
    )
    for table, name in COUNTS:
        column = sa.Column(name, sa.BigInteger, nullable=False, server_default="0")
        op.add_column(table, column, schema=SCHEMA)
        op.alter_column(table, name, server_default=None, schema=SCHEMA)


def downgrade() -> None:
    """Take them back."""
    for table, name in reversed(COUNTS):
        op.drop_column(table, name, schema=SCHEMA)
    op.drop_table("pruned_tenants", schema=SCHEMA)
