"""Erased tenants by their digests, so that what happened before an erasure does not land again."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

SCHEMA = "usage"


def upgrade() -> None:
    """Add the table, with the tenants that were erased so far."""
    op.create_table(
        "erased_tenants",
        sa.Column("tenant_digest", sa.Text, primary_key=True),
        sa.Column("first_kept", sa.Date, nullable=False),
        schema=SCHEMA,
    )
    op.execute(
        "INSERT INTO usage.erased_tenants "
        "SELECT subject_digest, max(CAST(requested_at AT TIME ZONE 'UTC' AS date)) + 1 "
        "FROM usage.erasures WHERE kind = 'tenant' AND state = 'done' GROUP BY subject_digest"
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_table("erased_tenants", schema=SCHEMA)
