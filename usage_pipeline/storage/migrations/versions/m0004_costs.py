"""Price books, costs per tenant, drift from what sources report, and closed periods."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

SCHEMA = "usage"

_TABLES = (
    "closed_costs",
    "closed_periods",
    "cost_drift",
    "tenant_costs",
    "rated_days",
    "price_books",
)


def upgrade() -> None:
    """Create them."""
    _create_price_books()
    _create_costs()
    _create_drift()
    _create_closings()


def _create_price_books() -> None:
    op.create_table(
        "price_books",
        sa.Column("version", sa.Text, primary_key=True),
        sa.Column("first_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        schema=SCHEMA,
    )
    op.create_table(
        "rated_days",
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("price_book_version", sa.Text, nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        schema=SCHEMA,
    )


def _create_costs() -> None:
    op.create_table(
        "tenant_costs",
        sa.Column("day", sa.Date, primary_key=True),
        *(sa.Column(name, sa.Text, primary_key=True) for name in ("tenant_id", "dimension", "value", "class")),
        sa.Column("quantity", sa.BigInteger, nullable=False),
        sa.Column("unpriced_quantity", sa.BigInteger, nullable=False),
        sa.Column("amount", sa.Numeric(38, 12)),
        sa.Column("price_book_version", sa.Text, nullable=False),
        schema=SCHEMA,
    )
    op.create_index("ix_tenant_costs_tenant_day", "tenant_costs", ["tenant_id", "day", "dimension"], schema=SCHEMA)


def _create_drift() -> None:
    op.create_table(
        "cost_drift",
        sa.Column("day", sa.Date, primary_key=True),
        *(
            sa.Column(name, sa.Text, primary_key=True)
            for name in ("tenant_id", "model", "currency", "source", "record_id")
        ),
        sa.Column("records", sa.BigInteger, nullable=False),
        sa.Column("reported_cost", sa.Numeric(38, 24), nullable=False),
        sa.Column("compared_records", sa.BigInteger, nullable=False),
        sa.Column("compared_cost", sa.Numeric(38, 24)),
        sa.Column("computed_cost", sa.Numeric(38, 12)),
        sa.Column("outliers", sa.BigInteger, nullable=False),
        schema=SCHEMA,
    )


def _create_closings() -> None:
    op.create_table(
        "closed_periods",
        sa.Column("tenant_id", sa.Text, primary_key=True),
        sa.Column("first_day", sa.Date, primary_key=True),
        sa.Column("last_day", sa.Date, nullable=False),
        sa.Column("late_usage", sa.Text, nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("forced", sa.Boolean, nullable=False),
        sa.Column("last_change", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        schema=SCHEMA,
    )
    op.create_table(
        "closed_costs",
        sa.Column("tenant_id", sa.Text, primary_key=True),
        sa.Column("first_day", sa.Date, primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        *(sa.Column(name, sa.Text, primary_key=True) for name in ("model", "class")),
        sa.Column("quantity", sa.BigInteger, nullable=False),
        sa.Column("unpriced_quantity", sa.BigInteger, nullable=False),
        sa.Column("amount", sa.Numeric(38, 12)),
        sa.Column("price_book_version", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        schema=SCHEMA,
    )


def downgrade() -> None:
    """Take it all back."""
    for name in _TABLES:
        op.drop_table(name, schema=SCHEMA)
