"""Landing files count the lines whose id another line of the file has."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

SCHEMA = "usage"


def upgrade() -> None:
    """Add the column; no line was superseded so far."""
    column = sa.Column("superseded", sa.BigInteger, nullable=False, server_default="0")
    op.add_column("landing_files", column, schema=SCHEMA)
    op.alter_column("landing_files", "superseded", server_default=None, schema=SCHEMA)


def downgrade() -> None:
    """Take it back."""
    op.drop_column("landing_files", "superseded", schema=SCHEMA)
