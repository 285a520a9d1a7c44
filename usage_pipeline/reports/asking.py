"""Whether a report can be about what is asked for: a tenant that somebody knows, and values that occur."""

from usage_pipeline.billing.billed_tenants import expect_billed
from usage_pipeline.errors import QueryError
from usage_pipeline.metrics.known_values import known_values
from usage_pipeline.metrics.queries import UsageQuery
from usage_pipeline.reports.scope import ReportScope
from usage_pipeline.storage.opened import Storage
from usage_pipeline.words import did_you_mean, listed


def expect_known(storage: Storage, scope: ReportScope) -> None:
    """Raise QueryError for a tenant that nobody knows, and for a value to filter by that no usage has."""
    if scope.tenant_id is not None:
        with storage.warehouse.connect() as connection:
            expect_billed(storage.settings, connection, scope.tenant_id)
    query = UsageQuery(scope.period.first, scope.period.last)
    for name, values in scope.filters:
        known = known_values(storage, query, name)
        for value in values:
            if value not in known:
                meant = did_you_mean(value, known) or f"known are {listed(known) or 'none'}."
                raise QueryError(f"No usage has the {name} {value!r}; {meant}")
