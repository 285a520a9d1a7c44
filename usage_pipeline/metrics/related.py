"""Reads what the records used that have certain ids, and how many resources they name."""

from duckdb import DuckDBPyConnection

from usage_pipeline.metrics.answers import Answer, Row, known_days, statuses_of
from usage_pipeline.metrics.queries import RelatedQuery
from usage_pipeline.metrics.resources import OF_SOURCE, count_kept, tests_of
from usage_pipeline.metrics.rollups import scan
from usage_pipeline.metrics.words import RESOURCES
from usage_pipeline.records.tables import METERED_RECORDS, USAGE_RECORDS
from usage_pipeline.storage.daily import Derived, ReferenceRows
from usage_pipeline.storage.engine import damage_named, named_rows, session
from usage_pipeline.storage.inputs import register_derived, register_reference
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.pruned import PrunedTenants


def read_related(storage: Storage, query: RelatedQuery) -> Answer:
    """Read the records, and add up their parts of each metric."""
    statuses = statuses_of(storage, query.days, USAGE_RECORDS.name)
    days = known_days(statuses)
    if not days:
        return Answer(query, [dict.fromkeys(query.columns)], statuses)
    with session(storage.engine) as duck, damage_named():
        with storage.warehouse.connect() as connection:
            pruned = PrunedTenants.on(connection, duck, days)
        found = count_kept(storage, query, days, pruned, duck)
        if found is None:
            _register(query, scan(storage, USAGE_RECORDS.spec, days), pruned, duck)
            found = _sums(duck, query)
        return Answer(query, [found], statuses)


def _register(query: RelatedQuery, records: str, pruned: PrunedTenants, duck: DuckDBPyConnection) -> None:
    """Make the records readable that the query is about, and the same with their part of each metric."""
    of_query = " AND ".join(tests_of(query)) or "true"
    rows = f"(SELECT *, CAST(occurred_at AS DATE) AS event_day FROM ({records}) AS r)"
    kept = pruned.kept(f"(FROM {rows} WHERE {of_query})")
    duck.execute(f'CREATE TEMP VIEW "{USAGE_RECORDS.name}" AS FROM {kept}')
    for entry in METERED_RECORDS:
        match entry:
            case ReferenceRows():
                register_reference(entry, duck)
            case Derived():
                register_derived([entry], duck)


def _sums(duck: DuckDBPyConnection, query: RelatedQuery) -> Row:
    found: Row = {}
    sums = [
        f'CAST(coalesce(sum("{name}"), 0) AS BIGINT) AS "{name}"'
        for name in query.metrics
        if name not in RESOURCES
    ]
    counts = [_distinct(name) for name in query.metrics if name in RESOURCES]
    for selected, source in ((sums, "metered_records"), (counts, USAGE_RECORDS.name)):
        if selected:
            (row,) = named_rows(duck.execute(f"SELECT {', '.join(selected)} FROM {source}"))
            found |= row
    return {name: found[name] for name in query.columns}


def _distinct(name: str) -> str:
    column = RESOURCES[name]
    known_by = ("tenant_id", "source", column) if column == OF_SOURCE else ("tenant_id", column)
    return f'count(DISTINCT ({", ".join(known_by)})) FILTER ("{column}" IS NOT NULL) AS "{name}"'
