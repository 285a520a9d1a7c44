"""Landing files count the lines that are no events."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

SCHEMA = "usage"


def upgrade() -> None:
    """Add the column; no line was skipped so far."""
    column = sa.Column("skipped", sa.BigInteger, nullable=False, server_default="0")
    op.add_column("landing_files", column, schema=SCHEMA)
    op.alter_column("landing_files", "skipped", server_default=None, schema=SCHEMA)


def downgrade() -> None:
    """Take it back."""
    op.drop_column("landing_files", "skipped", schema=SCHEMA)
