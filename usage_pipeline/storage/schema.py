"""The tables of the warehouse, as SQLAlchemy Core: what a database at this code's migration holds.

Migrations create and change them. The meaning of a table's rows is declared with their concept.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    MetaData,
    Numeric,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB

from usage_pipeline.registry import METRIC_NAMES

SCHEMA = "usage"

metadata = MetaData(schema=SCHEMA)

landing_files = Table(
    "landing_files",
    metadata,
    Column("path", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("landing_day", Date, nullable=False, index=True),
    Column("size", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    Column("content_digest", Text),
    Column("identity_digest", Text),
    Column("object_name", Text),
    Column("format_digest", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("error", Text),
    Column("lines", BigInteger, nullable=False),
    Column("header", BigInteger, nullable=False),
    Column("continuation", BigInteger, nullable=False),
    Column("blank", BigInteger, nullable=False),
    Column("accepted", BigInteger, nullable=False),
    Column("rejected", BigInteger, nullable=False),
    Column("landed_at", DateTime(timezone=True), nullable=False),
    Column("run", Text, nullable=False),
    Column("vanished_at", DateTime(timezone=True)),
)

landing_event_days = Table(
    "landing_event_days",
    metadata,
    Column("path", Text, primary_key=True),
    Column("event_day", Date, primary_key=True, index=True),
    Column("rows", BigInteger, nullable=False),
    Column("digest", Text, nullable=False),
)

partition_state = Table(
    "partition_state",
    metadata,
    Column("table_name", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("state", Text, nullable=False),
    Column("inputs_digest", Text),
    Column("output_digest", Text),
    Column("engine_version", Text),
    Column("code_version", Text),
    Column("version", Integer, nullable=False),
    Column("rows", BigInteger),
    Column("duplicates", BigInteger),
    Column("conflicts", BigInteger),
    Column("late_records", BigInteger),
    Column("voided", BigInteger),
    Column("voids", BigInteger),
    Column("unmatched_voids", BigInteger),
    Column("run", Text, nullable=False),
    Column("committed_at", DateTime(timezone=True)),
    Column("changed_at", DateTime(timezone=True)),
)

line_tallies = Table(
    "line_tallies",
    metadata,
    Column("day", Date, primary_key=True),
    Column("path", Text, primary_key=True),
    Column("landed", BigInteger, nullable=False),
    Column("records", BigInteger, nullable=False),
    Column("duplicates", BigInteger, nullable=False),
    Column("conflicts", BigInteger, nullable=False),
    Column("voided", BigInteger, nullable=False),
    Column("voids", BigInteger, nullable=False),
)

audit_log = Table(
    "audit_log",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("by", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False, index=True),
    Column("reason", Text, nullable=False),
    Column("details", JSONB, nullable=False),
)

usage_versions = Table(
    "usage_versions",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=True),
    Column("table_name", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("version", Integer, nullable=False),
    Column("tenant_id", Text, nullable=False),
    Column("model", Text),
    Column("class", Text),
    Column("quantity", Numeric(38, 12)),
    Column("amount", Numeric(38, 12)),
    Column("price_book_version", Text),
    Column("cause", Text, nullable=False),
    Column("committed_at", DateTime(timezone=True), nullable=False),
    Index("ix_usage_versions_table_day", "table_name", "day", "tenant_id"),
)


def _series(name: str) -> Table:
    return Table(
        name,
        metadata,
        Column("day", Date, primary_key=True),
        Column("tenant_id", Text, primary_key=True),
        Column("total", BigInteger, nullable=False),
        Index(f"ix_{name}_tenant_day", "tenant_id", "day"),
    )


deployment = Table(
    "deployment",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

token_series = _series("token_series")
conversation_series = _series("conversation_series")
message_series = _series("message_series")

daily_breakdown = Table(
    "daily_breakdown",
    metadata,
    Column("day", Date, primary_key=True),
    Column("tenant_id", Text, primary_key=True),
    Column("dimension", Text, primary_key=True),
    Column("value", Text, primary_key=True),
    *(Column(name, BigInteger, nullable=False) for name in METRIC_NAMES),
    Index("ix_daily_breakdown_tenant_day", "tenant_id", "day", "dimension"),
)

daily_performance = Table(
    "daily_performance",
    metadata,
    Column("day", Date, primary_key=True),
    Column("tenant_id", Text, primary_key=True),
    Column("model", Text, primary_key=True),
    Column("latency_to_ms", BigInteger, primary_key=True),
    Column("requests", BigInteger, nullable=False),
    Column("errors", BigInteger, nullable=False),
    Column("measured", BigInteger, nullable=False),
    Index("ix_daily_performance_tenant_day", "tenant_id", "day"),
)

daily_quality = Table(
    "daily_quality",
    metadata,
    Column("day", Date, primary_key=True),
    Column("tenant_id", Text, primary_key=True),
    Column("issue_type", Text, primary_key=True),
    Column("checks", BigInteger, nullable=False),
    Column("clean_checks", BigInteger, nullable=False),
    Column("issues", BigInteger, nullable=False),
    Index("ix_daily_quality_tenant_day", "tenant_id", "day"),
)

check_results = Table(
    "check_results",
    metadata,
    Column("table_name", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("check_name", Text, primary_key=True),
    Column("checked_by", Text, nullable=False),
    Column("success", Boolean),
    Column("severity", Text, nullable=False),
    Column("observed", Text, nullable=False),
    Column("expected", Text, nullable=False),
    Column("numbers", JSONB, nullable=False),
    Column("details", JSONB, nullable=False),
    Column("run", Text, nullable=False),
    Column("checked_at", DateTime(timezone=True), nullable=False),
)

price_books = Table(
    "price_books",
    metadata,
    Column("version", Text, primary_key=True),
    Column("first_used_at", DateTime(timezone=True), nullable=False),
    Column("document", Text, nullable=False),
)

rated_days = Table(
    "rated_days",
    metadata,
    Column("day", Date, primary_key=True),
    Column("price_book_version", Text, nullable=False),
    Column("pinned_at", DateTime(timezone=True), nullable=False),
)

tenant_costs = Table(
    "tenant_costs",
    metadata,
    Column("day", Date, primary_key=True),
    Column("tenant_id", Text, primary_key=True),
    Column("dimension", Text, primary_key=True),
    Column("value", Text, primary_key=True),
    Column("class", Text, primary_key=True),
    Column("quantity", BigInteger, nullable=False),
    Column("unpriced_quantity", BigInteger, nullable=False),
    Column("amount", Numeric(38, 12)),
    Column("price_book_version", Text, nullable=False),
    Index("ix_tenant_costs_tenant_day", "tenant_id", "day", "dimension"),
)

cost_drift = Table(
    "cost_drift",
    metadata,
    Column("day", Date, primary_key=True),
    Column("tenant_id", Text, primary_key=True),
    Column("model", Text, primary_key=True),
    Column("currency", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("record_id", Text, primary_key=True),
    Column("records", BigInteger, nullable=False),
    Column("reported_cost", Numeric(38, 24), nullable=False),
    Column("compared_records", BigInteger, nullable=False),
    Column("compared_cost", Numeric(38, 24)),
    Column("computed_cost", Numeric(38, 12)),
    Column("outliers", BigInteger, nullable=False),
)

closed_periods = Table(
    "closed_periods",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("first_day", Date, primary_key=True),
    Column("last_day", Date, nullable=False),
    Column("late_usage", Text, nullable=False),
    Column("closed_at", DateTime(timezone=True), nullable=False),
    Column("by", Text, nullable=False),
    Column("reason", Text),
    Column("forced", Boolean, nullable=False),
    Column("last_change", BigInteger, nullable=False),
    Column("digest", Text, nullable=False),
)

closed_costs = Table(
    "closed_costs",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("first_day", Date, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("model", Text, primary_key=True),
    Column("class", Text, primary_key=True),
    Column("quantity", BigInteger, nullable=False),
    Column("unpriced_quantity", BigInteger, nullable=False),
    Column("amount", Numeric(38, 12)),
    Column("price_book_version", Text, nullable=False),
    Column("version", Integer, nullable=False),
)
