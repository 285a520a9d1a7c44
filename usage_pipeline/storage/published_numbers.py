"""Reads the numbers of a table that `usage_versions` keeps: as they are stored, and as they were recorded last."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, func, select

from usage_pipeline.storage.daily import DailyTable, Versioned
from usage_pipeline.storage.engine import parquet_scan, session
from usage_pipeline.storage.schema import usage_versions, warehouse_table
from usage_pipeline.storage.tables import ERASED_TENANT, Zone

if TYPE_CHECKING:
    from usage_pipeline.storage.opened import Storage


@dataclass(frozen=True)
class Number:
    """The numbers of a row: a quantity and, of costs and credits, an amount by a price book or by credit rates."""

    quantity: int | Decimal | None = None
    amount: Decimal | None = None
    price_book_version: str | None = None

    def same_as(self, other: "Number") -> bool:
        """True if both are equal, by whichever price book."""
        return (self.quantity, self.amount) == (other.quantity, other.amount)


Key = tuple[tuple[str, str], ...]
"""The columns of `usage_versions` that name a row of a day, with their values."""

Numbers = Mapping[date, Mapping[Key, Number]]


def numbers_before(connection: Connection, table: DailyTable, days: Collection[date]) -> Numbers:
    """Read the numbers before the days are computed; none of a table without versions.

    Those of a rollup are what was recorded last: its objects are replaced before the state is committed, so that a
    process that dies between the two would lose the change.
    """
    if table.versioned is None or not days:
        return {}
    read = _recorded if table.spec.zone is Zone.ROLLUPS else _stored
    return read(connection, table, table.versioned, days)


def numbers_now(storage: "Storage", connection: Connection, table: DailyTable, days: Collection[date]) -> Numbers:
    """Read the numbers as they are written, before they are committed."""
    if table.versioned is None or not days:
        return {}
    if table.spec.zone is Zone.ROLLUPS:
        return _summed(storage, table, table.versioned, days)
    return _stored(connection, table, table.versioned, days)


def _stored(connection: Connection, table: DailyTable, versioned: Versioned, days: Collection[date]) -> Numbers:
    columns, keys, values = warehouse_table(table.spec).c, _keys(versioned), _values(versioned)
    query = select(columns.day, *(columns[name] for name in (*keys.values(), *values.values()))).where(
        columns.day.in_(days), *(columns[name] == value for name, value in versioned.where)
    )
    return _by_day(keys, values, connection.execute(query))


def _summed(storage: "Storage", table: DailyTable, versioned: Versioned, days: Collection[date]) -> Numbers:
    """Sum the rows of a rollup. Nobody is billed for those of erased tenants, which are in no version."""
    keys, values = _keys(versioned), _values(versioned)
    sums = {"quantity": "sum", "amount": "sum", "price_book_version": "max"}
    columns = ", ".join(f'"{name}"' for name in ("day", *keys.values()))
    aggregates = ", ".join(f'{sums[name]}("{column}")' for name, column in values.items())
    paths = [storage.lake.object(table.spec, day) for day in days]
    with session(storage.engine) as duck:
        rows = duck.execute(
            f"SELECT {columns}, {aggregates} FROM {parquet_scan(paths)} WHERE tenant_id <> $1 "
            f'GROUP BY ALL HAVING sum("{versioned.quantity}") > 0',
            [ERASED_TENANT],
        ).fetchall()
    return _by_day(keys, values, rows)


def _recorded(connection: Connection, table: DailyTable, versioned: Versioned, days: Collection[date]) -> Numbers:
    columns, keys, values = usage_versions.c, _keys(versioned), _values(versioned)
    of_row = [columns[name] for name in ("day", *keys)]
    of_table = (columns.table_name == table.name, columns.day.in_(days))
    last = select(func.max(columns.id)).where(*of_table).group_by(*of_row)
    query = select(*of_row, *(columns[name] for name in values)).where(columns.id.in_(last), columns.quantity > 0)
    return _by_day(keys, values, connection.execute(query))


def _keys(versioned: Versioned) -> dict[str, str]:
    """The names of the key in `usage_versions`, and the columns of the table."""
    return {"tenant_id": "tenant_id", **dict(versioned.keys)}


def _values(versioned: Versioned) -> dict[str, str]:
    """The same of its numbers."""
    named = {field.name: getattr(versioned, field.name) for field in fields(Number)}
    return {name: column for name, column in named.items() if column is not None}


def _by_day(keys: Collection[str], values: Collection[str], rows: Iterable[Iterable[Any]]) -> Numbers:
    found: dict[date, dict[Key, Number]] = {}
    for day, *row in rows:
        key = tuple(zip(keys, row, strict=False))
        found.setdefault(day, {})[key] = Number(**dict(zip(values, row[len(keys) :], strict=True)))
    return found
