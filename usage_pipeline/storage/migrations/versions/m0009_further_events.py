"""Landing files count the events of lines that hold several."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

SCHEMA = "usage"


def upgrade() -> None:
    """Add the column; every line was one event so far."""
    column = sa.Column("further_events", sa.BigInteger, nullable=False, server_default="0")
    op.add_column("landing_files", column, schema=SCHEMA)
    op.alter_column("landing_files", "further_events", server_default=None, schema=SCHEMA)


def downgrade() -> None:
    """Take it back."""
    op.drop_column("landing_files", "further_events", schema=SCHEMA)
