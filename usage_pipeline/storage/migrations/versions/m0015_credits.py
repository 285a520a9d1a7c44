"""Credit rates and the rates of each day; grants, terms of allocations, the ledger and its postings."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

SCHEMA = "usage"

_TABLES = (
    *("credit_postings", "credit_ledger", "credit_terms", "credit_grants"),
    *("credit_rated_days", "credit_rate_versions"),
)
_APPEND_ONLY = ("credit_grants", "credit_terms", "credit_ledger")

_REFUSE = f"""
CREATE FUNCTION {SCHEMA}.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%.% only grows: % is refused', TG_TABLE_SCHEMA, TG_TABLE_NAME, TG_OP
        USING HINT = 'Add a row that corrects it.';
END
$$
"""


def upgrade() -> None:
    """Create them. The database refuses to change or delete rows of what is append-only, whoever asks."""
    _create_rates()
    _create_grants()
    _create_ledger()
    op.execute(_REFUSE)
    for name in _APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {SCHEMA}.{name} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {SCHEMA}.refuse_change()"
        )


def _create_rates() -> None:
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


def _create_grants() -> None:
    op.create_table(
        "credit_grants",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("of_grant", sa.Text),
        sa.Column("amount", sa.Numeric(38, 12)),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        sa.Column("priority", sa.Integer),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        schema=SCHEMA,
    )
    op.create_index("ix_credit_grants_tenant", "credit_grants", ["tenant_id"], schema=SCHEMA)
    op.create_table(
        "credit_terms",
        sa.Column("tenant_id", sa.Text, primary_key=True),
        sa.Column("first_day", sa.Date, primary_key=True),
        sa.Column("plan", sa.Text, primary_key=True),
        *(
            sa.Column(name, sa.Numeric(38, 12), nullable=False)
            for name in ("monthly_credits", "rollover_min", "rollover_max")
        ),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        schema=SCHEMA,
    )


def _create_ledger() -> None:
    op.create_table(
        "credit_ledger",
        sa.Column("id", sa.BigInteger, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("tenant_id", "kind", "grant_id")),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("amount", sa.Numeric(38, 12), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        schema=SCHEMA,
    )
    op.create_index("ix_credit_ledger_tenant", "credit_ledger", ["tenant_id", "effective_at"], schema=SCHEMA)
    op.create_table(
        "credit_postings",
        sa.Column("id", sa.BigInteger, primary_key=True),
        sa.Column("inputs_digest", sa.Text, nullable=False),
        sa.Column("entries", sa.BigInteger, nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        schema=SCHEMA,
    )


def downgrade() -> None:
    """Take them back."""
    for name in _TABLES:
        op.drop_table(name, schema=SCHEMA)
    op.execute(f"DROP FUNCTION {SCHEMA}.refuse_change()")
