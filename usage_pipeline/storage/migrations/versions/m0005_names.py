"""The field's words: tallies of lines, formats, excluded events, pinned price books."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

SCHEMA = "usage"
TABLES = {"line_accounts": "line_tallies"}
COLUMNS = {
    ("landing_files", "mapping_digest"): "format_digest",
    ("rated_days", "decided_at"): "pinned_at",
}


def upgrade() -> None:
    """Rename. The days of the table that has another name are computed again, into files of that name."""
    for old, new in TABLES.items():
        op.rename_table(old, new, schema=SCHEMA)
    for (table, old), new in COLUMNS.items():
        op.alter_column(table, old, new_column_name=new, schema=SCHEMA)
    _set("check_results", "checked_by", "accounts", "tallies")
    _set("partition_state", "table_name", "set_aside", "excluded_events")


def downgrade() -> None:
    """Take it back."""
    _set("partition_state", "table_name", "excluded_events", "set_aside")
    _set("check_results", "checked_by", "tallies", "accounts")
    for (table, old), new in COLUMNS.items():
        op.alter_column(table, new, new_column_name=old, schema=SCHEMA)
    for old, new in TABLES.items():
        op.rename_table(new, old, schema=SCHEMA)


def _set(table: str, column: str, old: str, new: str) -> None:
    rows = sa.table(table, sa.column(column), schema=SCHEMA)
    op.execute(rows.update().where(rows.c[column] == old).values({column: new}))
