"""Landing files say what of them is past its term and gone."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

SCHEMA = "usage"


def upgrade() -> None:
    """Add the columns; nothing was pruned so far."""
    column = sa.Column("rejects_pruned", sa.BigInteger, nullable=False, server_default="0")
    op.add_column("landing_files", column, schema=SCHEMA)
    op.alter_column("landing_files", "rejects_pruned", server_default=None, schema=SCHEMA)
    op.add_column("landing_files", sa.Column("pruned_at", sa.DateTime(timezone=True)), schema=SCHEMA)


def downgrade() -> None:
    """Take them back."""
    op.drop_column("landing_files", "pruned_at", schema=SCHEMA)
    op.drop_column("landing_files", "rejects_pruned", schema=SCHEMA)
