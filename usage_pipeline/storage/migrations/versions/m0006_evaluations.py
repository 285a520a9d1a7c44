"""Check results have numbers and details, and may have compared nothing."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSON

revision = "0006"
down_revision = "0005"

SCHEMA = "usage"
ADDED = {"numbers": "{}", "details": "[]"}


def upgrade() -> None:
    """Add the columns; results so far have neither numbers nor details."""
    op.alter_column("check_results", "success", nullable=True, schema=SCHEMA)
    for name, empty in ADDED.items():
        op.add_column("check_results", sa.Column(name, JSON, nullable=False, server_default=empty), schema=SCHEMA)
        op.alter_column("check_results", name, server_default=None, schema=SCHEMA)


def downgrade() -> None:
    """Take it back: a check that compared nothing passed before."""
    for name in ADDED:
        op.drop_column("check_results", name, schema=SCHEMA)
    results = sa.table("check_results", sa.column("success"), schema=SCHEMA)
    op.execute(results.update().where(results.c.success.is_(None)).values(success=True))
    op.alter_column("check_results", "success", nullable=False, schema=SCHEMA)
