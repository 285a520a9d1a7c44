"""Landing files compare the totals of tokens that their lines report with input plus output."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

SCHEMA = "usage"
ADDED = ("totals_compared", "totals_apart", "tokens_apart")


def upgrade() -> None:
    """Add the columns; no total was compared so far."""
    for name in ADDED:
        column = sa.Column(name, sa.BigInteger, nullable=False, server_default="0")
        op.add_column("landing_files", column, schema=SCHEMA)
        op.alter_column("landing_files", name, server_default=None, schema=SCHEMA)


def downgrade() -> None:
    """Take it back."""
    for name in ADDED:
        op.drop_column("landing_files", name, schema=SCHEMA)
