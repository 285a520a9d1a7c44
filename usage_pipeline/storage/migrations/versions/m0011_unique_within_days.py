"""Landing files say over how many days nearby their ids count once."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

SCHEMA = "usage"


def upgrade() -> None:
    """Add the column; so far an id counted once on each day."""
    column = sa.Column("unique_within_days", sa.Integer, nullable=False, server_default="0")
    op.add_column("landing_files", column, schema=SCHEMA)
    op.alter_column("landing_files", "unique_within_days", server_default=None, schema=SCHEMA)


def downgrade() -> None:
    """Take it back."""
    op.drop_column("landing_files", "unique_within_days", schema=SCHEMA)
