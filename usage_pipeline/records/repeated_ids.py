"""Ids that were seen on several days. Each day counts one record of them, which may not be what was meant."""

from dataclasses import dataclass
from datetime import date

from usage_pipeline.records.tables import USAGE_RECORDS
from usage_pipeline.storage import state
from usage_pipeline.storage.engine import parquet_scan, session
from usage_pipeline.storage.opened import Storage


@dataclass(frozen=True)
class RepeatedIds:
    """How many ids of one tenant and source are records of more than one day, and one of them."""

    tenant_id: str
    source: str
    ids: int
    example: str
    days: int
    """On how many days the example was seen."""


def ids_on_several_days(storage: Storage, first: date, last: date) -> list[RepeatedIds]:
    """By tenant and source, the ids that are records of several of these days; the example is seen most often."""
    with storage.warehouse.connect() as connection:
        filled = {
            day
            for day, partition in state.partitions(connection, USAGE_RECORDS.name, first, last).items()
            if partition.rows
        }
    paths = [path for day, path in sorted(storage.lake.days(USAGE_RECORDS.spec).items()) if day in filled]
    if not paths:
        return []
    with session(storage.engine) as duck:
        rows = duck.execute(
            "WITH seen AS (SELECT tenant_id, source, record_id, count(DISTINCT CAST(occurred_at AS DATE)) AS days "
            f"FROM {parquet_scan(paths)} GROUP BY tenant_id, source, record_id HAVING days > 1) "
            "SELECT tenant_id, source, count(*), min_by(record_id, (-days, record_id)), max(days) "
            "FROM seen GROUP BY tenant_id, source ORDER BY tenant_id, source"
        ).fetchall()
    return [RepeatedIds(*row) for row in rows]
