"""Counts the resources that records name, from what a server keeps of each day: every value once.

A tenant has few of them in a period; its records would be looked for among those of all.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date
from functools import partial

from duckdb import DuckDBPyConnection

from usage_pipeline.metrics.answers import Row
from usage_pipeline.metrics.queries import RelatedQuery
from usage_pipeline.metrics.rollups import days_with_rows
from usage_pipeline.metrics.words import BY_TENANT, RESOURCES
from usage_pipeline.records.tables import USAGE_RECORDS
from usage_pipeline.storage.engine import literal
from usage_pipeline.storage.kept_rows import Made
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.pruned import PrunedTenants

OF_SOURCE = RESOURCES["conversations"]
"""Conversations are known by tenant, source and id, other resources by tenant and id."""


def _every_value(rows: str) -> str:
    """Return the SELECT of what the records of each day and tenant name."""
    return " UNION ALL ".join(
        f"""
        SELECT
            CAST(occurred_at AS DATE) AS event_day, tenant_id, {literal(name)} AS resource,
            {"source" if column == OF_SOURCE else "''"} AS source, list(DISTINCT "{column}") AS found
        FROM {rows} WHERE "{column}" IS NOT NULL GROUP BY ALL
        """
        for name, column in RESOURCES.items()
    )


_VALUES = Made("resources", _every_value, share=10)


def count_kept(
    storage: Storage, query: RelatedQuery, days: Sequence[date], pruned: PrunedTenants, duck: DuckDBPyConnection
) -> Row | None:
    """Return how many resources one tenant has, or all; None if more is asked, or nothing is kept.

    The pruned tenants must be readable.
    """
    if not ({*query.filtered} <= {*BY_TENANT} and {*query.metrics} <= {*RESOURCES}):
        return None
    kept = _kept(storage, days)
    if kept is None:
        return None
    rows = pruned.kept(f"(FROM ({kept}) WHERE {' AND '.join(tests_of(query)) or 'true'})")
    counted = duck.execute(f"""
        SELECT resource, count(DISTINCT (tenant_id, source, value))
        FROM (SELECT tenant_id, source, resource, unnest(found) AS value FROM {rows}) GROUP BY resource
    """)
    found = dict(counted.fetchall())
    return {name: found.get(name, 0) for name in query.columns}


def _kept(storage: Storage, days: Sequence[date]) -> str | None:
    """Return the SELECT of what is kept of these days."""
    spec, present = USAGE_RECORDS.spec, days_with_rows(storage, USAGE_RECORDS.spec, days)
    if storage.kept and present:
        with suppress(FileNotFoundError):
            return storage.kept.select(storage.engine, spec, present, partial(storage.lake.object, spec), _VALUES)
    return None


def tests_of(query: RelatedQuery) -> Iterator[str]:
    """Yield the tests of the records that a query is about."""
    for name, value in query.where:
        yield f'"{query.filters[name]}" = {literal(value)}'
    for name, values in query.among:
        yield f'"{query.filters[name]}" IN ({", ".join(map(literal, values))})'
