"""Reads what the records used that have certain ids, and how many resources they name."""

from collections.abc import Iterator, Sequence
from datetime import date

from duckdb import DuckDBPyConnection

from usage_pipeline.metrics.answers import Answer, Row, known_days, statuses_of
from usage_pipeline.metrics.queries import RelatedQuery
from usage_pipeline.metrics.rollups import damage_named, scan
from usage_pipeline.metrics.words import RESOURCES
from usage_pipeline.records.tables import METERED_RECORDS, USAGE_RECORDS
from usage_pipeline.storage.daily import Derived, ReferenceRows
from usage_pipeline.storage.engine import literal, named_rows, session
from usage_pipeline.storage.inputs import register_derived, register_reference
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.pruned import PrunedTenants

_CONVERSATION = ("tenant_id", "source", RESOURCES["conversations"])
"""What a conversation is known by. Other resources are known by tenant and id."""


def read_related(storage: Storage, query: RelatedQuery) -> Answer:
    """Read the records, and add up their parts of each metric."""
    statuses = statuses_of(storage, query.days)
    days = known_days(statuses)
    if not days:
        return Answer(query, [dict.fromkeys(query.columns)], statuses)
    with session(storage.engine) as duck, damage_named():
        _register(storage, query, days, duck)
        return Answer(query, [_sums(duck, query)], statuses)


def _register(storage: Storage, query: RelatedQuery, days: Sequence[date], duck: DuckDBPyConnection) -> None:
    """Make the records of these days readable, and the same with their part of each metric."""
    with storage.warehouse.connect() as connection:
        pruned = PrunedTenants.on(connection, duck, days)
    tests = " AND ".join(_tests(query)) or "true"
    rows = (
        f"(SELECT *, CAST(occurred_at AS DATE) AS event_day FROM ({scan(storage, USAGE_RECORDS.spec, days)}) AS r)"
    )
    duck.execute(f'CREATE TEMP VIEW "{USAGE_RECORDS.name}" AS FROM {pruned.kept(f"(FROM {rows} WHERE {tests})")}')
    for entry in METERED_RECORDS:
        match entry:
            case ReferenceRows():
                register_reference(entry, duck)
            case Derived():
                register_derived([entry], duck)


def _tests(query: RelatedQuery) -> Iterator[str]:
    for name, value in query.where:
        yield f'"{query.filters[name]}" = {literal(value)}'
    for name, values in query.among:
        yield f'"{query.filters[name]}" IN ({", ".join(map(literal, values))})'


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
    known_by = _CONVERSATION if column in _CONVERSATION else ("tenant_id", column)
    return f'count(DISTINCT ({", ".join(known_by)})) FILTER ("{column}" IS NOT NULL) AS "{name}"'
