"""SQLAlchemy's tables, made from their specs. Migrations create and change the tables in the database."""

import re
from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Date,
    DateTime,
    Index,
    Integer,
    MetaData,
    Numeric,
    Table,
    Text,
    any_,
    literal,
)
from sqlalchemy.dialects.postgresql import JSON, JSONB
from sqlalchemy.types import TypeEngine

from usage_pipeline.storage import state_tables
from usage_pipeline.storage.tables import SCHEMA, TableSpec

metadata = MetaData(schema=SCHEMA)

_TYPES: dict[str, TypeEngine[Any]] = {
    "VARCHAR": Text(),
    "DATE": Date(),
    "TIMESTAMPTZ": DateTime(timezone=True),
    "INTEGER": Integer(),
    "BIGINT": BigInteger(),
    "BOOLEAN": Boolean(),
    "JSON": JSON(none_as_null=True),
    "JSONB": JSONB(none_as_null=True),
}


def warehouse_table(spec: TableSpec) -> Table:
    """The table of a spec for SQLAlchemy; a single `BIGINT` key counts up by itself."""
    known = metadata.tables.get(spec.place)
    if known is not None:
        return known
    columns = (
        Column(
            column.name,
            _type(column.type),
            primary_key=column.name in spec.key,
            nullable=column.name in spec.nullable,
        )
        for column in spec.columns
    )
    return Table(spec.name, metadata, *columns, *(Index(name, *names) for name, names in spec.indexes))


def _type(name: str) -> TypeEngine[Any]:
    decimal = re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", name)
    return Numeric(int(decimal[1]), int(decimal[2])) if decimal else _TYPES[name]


def one_of(column: ColumnElement[Any], values: Iterable[object]) -> ColumnElement[bool]:
    """Return whether a column has one of these values, however many they are.

    They are one parameter. `in_` makes one of each, and PostgreSQL takes 65,535 in a statement.
    """
    return column == any_(literal(list(values), ARRAY(column.type)))


landing_files = warehouse_table(state_tables.LANDING_FILES)
landing_event_days = warehouse_table(state_tables.LANDING_EVENT_DAYS)
pruned_tenants = warehouse_table(state_tables.PRUNED_TENANTS)
erased_tenants = warehouse_table(state_tables.ERASED_TENANTS)
partition_state = warehouse_table(state_tables.PARTITION_STATE)
line_tallies = warehouse_table(state_tables.LINE_TALLIES)
audit_log = warehouse_table(state_tables.AUDIT_LOG)
usage_versions = warehouse_table(state_tables.USAGE_VERSIONS)
deployment = warehouse_table(state_tables.DEPLOYMENT)
