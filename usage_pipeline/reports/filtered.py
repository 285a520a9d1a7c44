"""The rows of a table of lake or rollups that a report is about."""

from collections.abc import Collection, Iterator
from datetime import date

from usage_pipeline.metrics.rollups import scan
from usage_pipeline.reports.scope import ReportScope
from usage_pipeline.storage.engine import literal
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.tables import TableSpec


def filtered(storage: Storage, spec: TableSpec, days: Collection[date], scope: ReportScope) -> str:
    """Return the SELECT of the rows of these days that are of the tenant and pass the filters of a scope.

    Raises PartitionError where the state knows rows of a day whose object is gone.
    """
    tests = " AND ".join(_tests(scope)) or "true"
    return f"SELECT * FROM ({scan(storage, spec, days)}) AS {spec.name} WHERE {tests}"


def _tests(scope: ReportScope) -> Iterator[str]:
    if scope.tenant_id is not None:
        yield f"tenant_id = {literal(scope.tenant_id)}"
    for name, values in scope.filters:
        yield f'"{name}" IN ({", ".join(map(literal, values))})'
