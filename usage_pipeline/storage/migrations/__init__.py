"""Alembic migrations of the warehouse. One file per change of its tables, in `versions`."""
