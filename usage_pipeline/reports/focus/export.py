"""Writes `focus.csv` and `focus.parquet`: the charges of a report by FOCUS 1.2, one SELECT over the cubes.

A charge is in the export of its day, a correction in that of the day on which it was made: exports of days side by
side have each charge once, and one of a billing period has what its statement has.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from duckdb import DuckDBPyConnection
from sqlalchemy import Connection

from usage_pipeline.billing.adjustments import Adjustment, closed_by_tenant, periods_of, read_adjustments
from usage_pipeline.costs.tables import CLASSES, DAILY_COSTS
from usage_pipeline.costs.unit_prices import KEY, register_unit_prices
from usage_pipeline.credits.tables import CREDIT_USAGE
from usage_pipeline.metrics.answers import known_days, statuses_of
from usage_pipeline.registry import NOT_TOKENS, PRICING_DIMENSIONS, TokenClass
from usage_pipeline.reports.filtered import filtered
from usage_pipeline.reports.focus.columns import ADJUSTMENT_COLUMNS, METER_COLUMNS, PERIOD_COLUMNS
from usage_pipeline.reports.formats.copying import SECONDS, copy_csv, copy_parquet
from usage_pipeline.reports.scope import ReportScope
from usage_pipeline.storage.daily import SqlFile
from usage_pipeline.storage.engine import damage_named, literal, session, undisturbed
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.rows import register_rows
from usage_pipeline.tenants.reference import load_tenants

_TAGS = ("project", "feature", "member_id", "agent", "agent_type")
_UNITS = {TokenClass.REQUEST: "Requests", TokenClass.WEB_SEARCH: "Searches", TokenClass.TOOL_CALL: "Calls"}
_METERS = {
    TokenClass.REQUEST: "Requests",
    TokenClass.WEB_SEARCH: "Web Searches",
    TokenClass.TOOL_CALL: "Tool Calls",
}


@undisturbed
def write_focus(storage: Storage, scope: ReportScope, folder: Path) -> None:
    """Write the two files into the folder.

    Raises PartitionError where the rows of a computed day are gone.
    """
    days = known_days(statuses_of(storage, scope.period.each_day, DAILY_COSTS.name, CREDIT_USAGE.name))
    with session(storage.engine) as duck, damage_named():
        for table in (DAILY_COSTS, CREDIT_USAGE):
            duck.execute(f"CREATE TEMP VIEW {table.name} AS {filtered(storage, table.spec, days, scope)}")
        _register(storage, duck, scope, days)
        select = focus_select(storage.settings.platform_name).text
        copy_parquet(duck, select, folder / "focus.parquet")
        copy_csv(duck, select, folder / "focus.csv", SECONDS)


def focus_select(platform: str) -> SqlFile:
    """Return the SELECT of the charges, of a platform of this name."""
    return SqlFile.beside(
        __file__,
        "focus",
        platform=literal(platform),
        price_key=KEY,
        tags=_TAGS,
        usual_values=tuple(
            (dimension.name, ", ".join(map(literal, sorted(dimension.usual)))) for dimension in PRICING_DIMENSIONS
        ),
    )


def _register(storage: Storage, duck: DuckDBPyConnection, scope: ReportScope, days: list[date]) -> None:
    register_rows(duck, "meters", METER_COLUMNS, map(_meter, map(str, CLASSES)))
    with storage.warehouse.connect() as connection:
        register_unit_prices(connection, duck)
        register_rows(duck, "adjustments", ADJUSTMENT_COLUMNS, _adjustments(storage, connection, scope, days))
        register_rows(duck, "billing_periods", PERIOD_COLUMNS, _periods(storage, connection, duck, scope))


def _meter(name: str) -> tuple[str, str, str]:
    if name in NOT_TOKENS:
        return name, _METERS[TokenClass(name)], _UNITS[TokenClass(name)]
    return name, f"{name.replace('_', ' ').title()} Tokens", "Tokens"


def _adjustments(
    storage: Storage, connection: Connection, scope: ReportScope, days: list[date]
) -> Iterator[tuple[object, ...]]:
    """Yield what became of closed periods. With filters that is nothing: of closings only models are kept."""
    if scope.filters:
        return
    for change in read_adjustments(connection, load_tenants(storage.settings), scope.tenant_id):
        if change.day in days:
            yield _adjustment(change, change.day, None, -change.difference)
        if scope.period.first <= change.posted_on <= scope.period.last:
            yield _adjustment(change, change.posted_on, "Correction", change.difference)


def _adjustment(change: Adjustment, billed_on: date, charge_class: str | None, cost: object) -> tuple[object, ...]:
    what = (change.model, change.token_class, change.closed.name, change.carried_by.name)
    return change.tenant_id, change.day, billed_on, charge_class, cost, *what


def _periods(
    storage: Storage, connection: Connection, duck: DuckDBPyConnection, scope: ReportScope
) -> Iterator[tuple[object, ...]]:
    """Yield the billing periods of the tenants that have charges."""
    tenants, closed = load_tenants(storage.settings), closed_by_tenant(connection, scope.tenant_id)
    of_each = " UNION ".join(
        f"SELECT tenant_id FROM {name}" for name in ("daily_costs", "credit_usage", "adjustments")
    )
    for (tenant_id,) in duck.execute(of_each).fetchall():
        tenant = tenants.by_id.get(tenant_id)
        of_tenant = closed.get(tenant_id, ())
        for period in periods_of(tenants, tenant_id, of_tenant, scope.period.first, scope.period.last):
            yield tenant_id, tenant.name if tenant else None, period.first, period.last
