"""Accounts of every landed line, the audit log, versions of the series, breakdown, performance and quality."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"

SCHEMA = "usage"

_METRICS = (
    *("records", "requests", "prompts", "runs", "messages", "conversations"),
    *("tokens_in", "tokens_cached", "tokens_cache_write", "tokens_out", "tokens_reasoning", "tokens_total"),
    *("personas_created", "personas_deleted", "timeline_appended", "timeline_superseded"),
    *("files", "bytes", "tool_calls", "errors"),
)
_VOID_COUNTS = ("voided", "voids", "unmatched_voids")


def upgrade() -> None:
    """Add what files, voids and versions need, and the tables of what people look at."""
    op.add_column("landing_files", sa.Column("vanished_at", sa.DateTime(timezone=True)), schema=SCHEMA)
    for name in _VOID_COUNTS:
        op.add_column("partition_state", sa.Column(name, sa.BigInteger), schema=SCHEMA)
    _create_accounts_and_logs()
    _create_cubes()


def _create_accounts_and_logs() -> None:
    counts = ("landed", "records", "duplicates", "conflicts", "voided", "voids")
    op.create_table(
        "line_accounts",
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("path", sa.Text, primary_key=True),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in counts),
        schema=SCHEMA,
    )
    op.create_table(
        "audit_log",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False, index=True),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("details", JSONB, nullable=False),
        schema=SCHEMA,
    )
    op.create_table(
        "usage_versions",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=True),
        sa.Column("table_name", sa.Text, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.Column("model", sa.Text),
        sa.Column("class", sa.Text),
        sa.Column("quantity", sa.Numeric(38, 12)),
        sa.Column("amount", sa.Numeric(38, 12)),
        sa.Column("price_book_version", sa.Text),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("committed_at", sa.DateTime(timezone=True), nullable=False),
        schema=SCHEMA,
    )
    op.create_index(
        "ix_usage_versions_table_day", "usage_versions", ["table_name", "day", "tenant_id"], schema=SCHEMA
    )


def _create_cubes() -> None:
    keys = {
        "daily_breakdown": ("dimension", "value"),
        "daily_performance": ("model", "latency_to_ms"),
        "daily_quality": ("issue_type",),
    }
    metrics = {
        "daily_breakdown": _METRICS,
        "daily_performance": ("requests", "errors", "measured"),
        "daily_quality": ("checks", "clean_checks", "issues"),
    }
    for name, key in keys.items():
        op.create_table(
            name,
            sa.Column("day", sa.Date, primary_key=True),
            sa.Column("tenant_id", sa.Text, primary_key=True),
            *(
                sa.Column(column, sa.BigInteger if column.endswith("_ms") else sa.Text, primary_key=True)
                for column in key
            ),
            *(sa.Column(metric, sa.BigInteger, nullable=False) for metric in metrics[name]),
            schema=SCHEMA,
        )
    op.create_index(
        "ix_daily_breakdown_tenant_day", "daily_breakdown", ["tenant_id", "day", "dimension"], schema=SCHEMA
    )
    for name in ("daily_performance", "daily_quality"):
        op.create_index(f"ix_{name}_tenant_day", name, ["tenant_id", "day"], schema=SCHEMA)


def downgrade() -> None:
    """Take it all back."""
    for name in (
        "daily_quality",
        "daily_performance",
        "daily_breakdown",
        "usage_versions",
        "audit_log",
        "line_accounts",
    ):
        op.drop_table(name, schema=SCHEMA)
    for name in _VOID_COUNTS:
        op.drop_column("partition_state", name, schema=SCHEMA)
    op.drop_column("landing_files", "vanished_at", schema=SCHEMA)
