"""Numbers of each day of a table over all tenants, for plots and charts."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import text

from usage_pipeline.storage import state
from usage_pipeline.storage.daily import DailyTable, Plot
from usage_pipeline.storage.engine import session
from usage_pipeline.storage.inputs import rows_of
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.tables import TableSpec, Zone

RECENT_DAYS = 90

Number = int | float


def plotted_numbers(storage: Storage, table: DailyTable, days: Collection[date]) -> dict[date, dict[str, Number]]:
    """Return the numbers of these computed days by name: a sum is 0 on a day without rows, a ratio is left out."""
    sums = {plot.name: 0 for plot in table.plots if plot.is_sum}
    found = _aggregates(storage, table, days) if table.plots and days else {}
    return {day: {**sums, **found.get(day, {})} for day in days}


def _aggregates(storage: Storage, table: DailyTable, days: Collection[date]) -> dict[date, dict[str, Number]]:
    template = table.plotted or "SELECT * FROM {table}"
    if table.spec.zone is Zone.WAREHOUSE:
        found = _in_warehouse(storage, table.spec, template, table.plots, days)
    else:
        rows = template.format(table=f"({rows_of(table.spec, _objects(storage, table.spec, days))}) AS rows")
        with session(storage.engine) as duck:
            found = duck.execute(_grouped("event_day", table.plots, rows)).fetchall()
    names = [plot.name for plot in table.plots]
    return {day: _numbers(dict(zip(names, values, strict=True))) for day, *values in found}


def _in_warehouse(
    storage: Storage, spec: TableSpec, template: str, plots: Iterable[Plot], days: Collection[date]
) -> list[tuple[Any, ...]]:
    rows = template.format(table=f"(SELECT * FROM {spec.place} WHERE day = ANY(:days)) AS rows")
    with storage.warehouse.connect() as connection:
        found = connection.execute(text(_grouped("day", plots, rows)), {"days": list(days)})
        return [tuple(row) for row in found]


def _objects(storage: Storage, spec: TableSpec, days: Iterable[date]) -> dict[date, Path]:
    return {day: storage.lake.object(spec, day) for day in sorted(days)}


def _grouped(day: str, plots: Iterable[Plot], rows: str) -> str:
    return f"SELECT {day}, {', '.join(plot.sql for plot in plots)} FROM ({rows}) AS plotted GROUP BY {day}"


def _numbers(values: Mapping[str, object]) -> dict[str, Number]:
    return {name: _number(value) for name, value in values.items() if value is not None}


def _number(value: object) -> Number:
    """The number as Dagster keeps it: PostgreSQL has sums of integers as decimals."""
    if isinstance(value, int):
        return value
    exact = Decimal(str(value))
    return int(exact) if exact.as_tuple().exponent == 0 else round(float(exact), 6)


def recent_days(storage: Storage, spec: TableSpec, plot: Plot | None = None) -> dict[date, Number | None]:
    """Return the 90 days up to the table's newest day, each with its number over all tenants.

    That is the plot of a table in the warehouse, or the number of rows. A day that was never computed is None.
    Without any computed day the result is empty.
    """
    with storage.warehouse.connect() as connection:
        partitions = state.partitions(connection, spec.name)
    rows = {day: partition.rows or 0 for day, partition in partitions.items() if partition.version}
    if not rows:
        return {}
    days = [max(rows) - timedelta(days=back) for back in reversed(range(RECENT_DAYS))]
    known = _plotted(storage, spec, plot, days) if plot else rows
    return {day: known.get(day, 0) if day in rows else None for day in days}


def _plotted(storage: Storage, spec: TableSpec, plot: Plot, days: Collection[date]) -> dict[date, Number]:
    found = _in_warehouse(storage, spec, "SELECT * FROM {table}", [plot], days)
    return {day: _number(value) for day, value in found if value is not None}
