"""Puts a statement together: the SELECT of a kind over its tables, parameters and rows that the project supplies.

The same text that is run on all tenants is published for one of them, so that anyone can run it again.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from usage_pipeline.clock import days_between
from usage_pipeline.insights.recommendations.recommendation import Row
from usage_pipeline.storage.daily import SqlFile
from usage_pipeline.storage.engine import literal
from usage_pipeline.storage.tables import Column, TableSpec, empty_select

TENANT = "tenant_id"
PLACE = "place"
"""The column of each SELECT that says in which order the rows of a tenant come."""
_DAY = timedelta(days=1)
_INDENT = "\n    "


@dataclass(frozen=True)
class Days:
    """The last days up to a day, as many as are read of a table."""

    last: date
    number: int

    @property
    def first(self) -> date:
        """The first of them."""
        return self.last - (self.number - 1) * _DAY

    @property
    def all(self) -> list[date]:
        """Each of them, in order."""
        return days_between(self.first, self.last)

    def among(self, known: Collection[date]) -> list[date]:
        """Return those of them that are known."""
        return [day for day in self.all if day in known]


@dataclass(frozen=True)
class Supply:
    """Small rows that are no table of the lake, such as prices of the price book on a day."""

    name: str
    columns: tuple[Column, ...]
    rows: Sequence[tuple[Any, ...]]

    def of(self, found: Collection[Row]) -> "Supply":
        """Return it with the rows that these results come from: those equal in all columns that both have."""
        shared = [column.name for column in self.columns if found and column.name in next(iter(found))]
        wanted = {tuple(row[name] for name in shared) for row in found}
        places = [[column.name for column in self.columns].index(name) for name in shared]
        return replace(self, rows=[row for row in self.rows if tuple(row[at] for at in places) in wanted])

    @property
    def select(self) -> str:
        """The SELECT of its rows."""
        if not self.rows:
            return empty_select(self.columns)
        names = ", ".join(column.name for column in self.columns)
        casts = ", ".join(f"CAST({column.name} AS {column.type}) AS {column.name}" for column in self.columns)
        rows = f",{_INDENT}".join(f"({', '.join(map(constant, row))})" for row in self.rows)
        return f"SELECT {casts} FROM (VALUES{_INDENT}{rows}\n) AS written ({names})"


@dataclass(frozen=True)
class Statement:
    """A SELECT of a kind, with all that it reads but the places of tables."""

    sql: SqlFile
    tables: Sequence[TableSpec]
    known: Sequence[date]
    """The days that are read, in order."""
    days: Days
    """Those from the first to the last of which are asked for."""
    parameters: Mapping[str, object]
    supplies: tuple[Supply, ...]

    def of(self, found: Collection[Row]) -> "Statement":
        """Return it with no more supplied rows than these results come from."""
        return replace(self, supplies=tuple(supply.of(found) for supply in self.supplies))

    def text(self, places: Mapping[TableSpec, str], tenant_ids: Collection[str] | None) -> str:
        """Return the text that reads these tenants, or all, of the given table functions."""
        parameters = ", ".join(f"{constant(value)} AS {name}" for name, value in self.parameters.items())
        inputs = {
            "parameters": f"SELECT {parameters}",
            **{
                spec.name: f"{places[spec]}{_INDENT}WHERE {self._conditions(spec, tenant_ids)}"
                for spec in self.tables
            },
            **{supply.name: supply.select for supply in self.supplies},
        }
        # DuckDB would keep all columns of what is read twice.
        with_inputs = ",\n".join(
            f"{name} AS NOT MATERIALIZED (\n    {select}\n)" for name, select in inputs.items()
        )
        found = (
            f"SELECT found.*, parameters.missing_days\nFROM (\n{self.sql.text}) AS found\nCROSS JOIN parameters"
        )
        return f"WITH {with_inputs}\n{found}\nORDER BY {TENANT}, {PLACE}\n"

    def _conditions(self, spec: TableSpec, tenant_ids: Collection[str] | None) -> str:
        """Return the condition on days and tenants. A missing day may have rows that are not all."""
        day, first = spec.day_column, self.known[0] if self.known else self.days.first
        found = [f"{day} BETWEEN DATE '{first}' AND DATE '{self.days.last}'"]
        missing = [other for other in days_between(first, self.days.last) if other not in set(self.known)]
        if missing:
            found.append(f"{day} NOT IN ({', '.join(map(constant, missing))})")
        if tenant_ids is not None:
            found.append(f"{TENANT} IN ({', '.join(map(literal, sorted(tenant_ids)))})")
        return " AND ".join(found)


def anywhere(spec: TableSpec) -> str:
    """Return the SELECT of all days of a table, by paths relative to the data directory."""
    path = f"{spec.zone}/{spec.name}/*/{spec.name}.parquet"
    return f"SELECT * FROM read_parquet('{path}', hive_partitioning = true)"


def constant(value: object) -> str:
    """Return a value as SQL has it."""
    match value:
        case None:
            return "NULL"
        case bool() | int() | Decimal():
            return f"{value:f}" if isinstance(value, Decimal) else str(value)
        case date():
            return f"DATE '{value}'"
        case _:
            return literal(str(value))
