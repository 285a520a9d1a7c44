"""Landing files count the superseded lines without the number by which `repeats` compares them."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

SCHEMA = "usage"


def upgrade() -> None:
    """Add the column; of lines that landed before, it is not known."""
    column = sa.Column("uncompared", sa.BigInteger, nullable=False, server_default="0")
    op.add_column("landing_files", column, schema=SCHEMA)
    op.alter_column("landing_files", "uncompared", server_default=None, schema=SCHEMA)


def downgrade() -> None:
    """Take it back."""
    op.drop_column("landing_files", "uncompared", schema=SCHEMA)
