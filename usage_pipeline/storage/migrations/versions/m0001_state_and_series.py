"""State of landing files and partitions, and the three series."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

SCHEMA = "usage"


def upgrade() -> None:
    """Create the state tables and the series."""
    op.create_table(
        "landing_files",
        sa.Column("path", sa.Text, primary_key=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("landing_day", sa.Date, nullable=False, index=True),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("mtime_ns", sa.BigInteger, nullable=False),
        sa.Column("content_digest", sa.Text),
        sa.Column("identity_digest", sa.Text),
        sa.Column("object_name", sa.Text),
        sa.Column("mapping_digest", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("lines", sa.BigInteger, nullable=False),
        sa.Column("header", sa.BigInteger, nullable=False),
        sa.Column("continuation", sa.BigInteger, nullable=False),
        sa.Column("blank", sa.BigInteger, nullable=False),
        sa.Column("accepted", sa.BigInteger, nullable=False),
        sa.Column("rejected", sa.BigInteger, nullable=False),
        sa.Column("landed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run", sa.Text, nullable=False),
        schema=SCHEMA,
    )
    op.create_table(
        "landing_event_days",
        sa.Column("path", sa.Text, primary_key=True),
        sa.Column("event_day", sa.Date, primary_key=True, index=True),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        schema=SCHEMA,
    )
    op.create_table(
        "partition_state",
        sa.Column("table_name", sa.Text, primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("inputs_digest", sa.Text),
        sa.Column("output_digest", sa.Text),
        sa.Column("engine_version", sa.Text),
        sa.Column("code_version", sa.Text),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("rows", sa.BigInteger),
        sa.Column("duplicates", sa.BigInteger),
        sa.Column("conflicts", sa.BigInteger),
        sa.Column("late_records", sa.BigInteger),
        sa.Column("run", sa.Text, nullable=False),
        sa.Column("committed_at", sa.DateTime(timezone=True)),
        sa.Column("changed_at", sa.DateTime(timezone=True)),
        schema=SCHEMA,
    )
    op.create_table(
        "deployment",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
        schema=SCHEMA,
    )
    for name in ("token_series", "conversation_series", "message_series"):
        op.create_table(
            name,
            sa.Column("day", sa.Date, primary_key=True),
            sa.Column("tenant_id", sa.Text, primary_key=True),
            sa.Column("total", sa.BigInteger, nullable=False),
            schema=SCHEMA,
        )
        op.create_index(f"ix_{name}_tenant_day", name, ["tenant_id", "day"], schema=SCHEMA)


def downgrade() -> None:
    """Drop them."""
    for name in (
        "message_series",
        "conversation_series",
        "token_series",
        "deployment",
        "partition_state",
        "landing_event_days",
        "landing_files",
    ):
        op.drop_table(name, schema=SCHEMA)
