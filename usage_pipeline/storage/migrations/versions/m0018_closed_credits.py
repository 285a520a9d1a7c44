"""Credits and plans of closed billing periods."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

SCHEMA = "usage"

_AMOUNTS = (
    *("opening", "adjusted", "granted", "rolled_in", "used"),
    *("rolled_out", "expired", "voided", "lowered"),
)
_TABLES = ("closed_credits", "closed_plans")


def upgrade() -> None:
    """Create them. The database refuses to change or delete their rows, as those of the ledger."""
    op.create_table(
        "closed_credits",
        sa.Column("tenant_id", sa.Text, primary_key=True),
        sa.Column("first_day", sa.Date, primary_key=True),
        sa.Column("grant_id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        *(sa.Column(name, sa.Numeric(38, 12), nullable=False) for name in _AMOUNTS),
        schema=SCHEMA,
    )
    op.create_table(
        "closed_plans",
        sa.Column("tenant_id", sa.Text, primary_key=True),
        sa.Column("first_day", sa.Date, primary_key=True),
        sa.Column("plan", sa.Text, nullable=False),
        sa.Column("plan_from", sa.Date, primary_key=True),
        sa.Column("plan_to", sa.Date, nullable=False),
        sa.Column("monthly_credits", sa.Numeric(38, 12), nullable=False),
        sa.Column("price", sa.Numeric(38, 12)),
        sa.Column("currency", sa.Text),
        sa.Column("overage", sa.Text, nullable=False),
        schema=SCHEMA,
    )
    for name in _TABLES:
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {SCHEMA}.{name} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {SCHEMA}.refuse_change()"
        )


def downgrade() -> None:
    """Take them back."""
    for name in _TABLES:
        op.drop_table(name, schema=SCHEMA)
