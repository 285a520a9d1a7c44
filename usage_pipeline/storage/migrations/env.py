"""Run by Alembic: migrates on the connection that the caller holds; the version table lies in our schema."""

from alembic import context
from sqlalchemy import text

from usage_pipeline.storage.tables import SCHEMA

MIGRATION_LOCK = 0x75736167  # "usag": two processes that start at once migrate one after the other

connection = context.config.attributes["connection"]
connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
context.configure(
    connection=connection,
    version_table_schema=SCHEMA,
    include_schemas=True,
)
context.run_migrations()
