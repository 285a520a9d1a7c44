"""Records that have moved within a day while its pages are turned, where they were before.

Of lines with one id the first in the order of landing counts. If that one lands late and has another time, the
record has another place from then on, and who turns pages could see it twice or never. So a cursor says as of when
its day is known, and a record is listed there as the line has it that counted then.

It does not hold where that line is there no more, because its file was withdrawn or changed, nor for a file that
landed while the day was computed that the first page showed: whether it counted by then is known of no file.
"""

from datetime import date, datetime

from sqlalchemy import Connection, select

from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.listing.selecting import READ
from usage_pipeline.storage.engine import list_literal, parquet_scan
from usage_pipeline.storage.landed_days import landed_shares
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import landing_files, one_of

_KEY = "tenant_id, source, record_id"
_LANDING_ORDER = "landed_at, landing_file, landing_line, landing_event"


def rows_as_of(storage: Storage, day: date, rows: str, known_at: datetime) -> str:
    """Return the relation of the rows of a day, with those that have moved since as they were at that time."""
    with storage.warehouse.connect() as connection:
        shares = landed_shares(connection, [day])
        known = _known(connection, [share.path for share in shares], known_at)
    objects = [
        storage.lake.object(LANDED_EVENTS, share.landing_day, share.object_name)
        for share in shares
        if share.path in known
    ]
    if not objects or len(objects) == len(shares):
        return rows
    late = f"NOT list_contains({list_literal(sorted(known))}, landing_file)"
    earlier = f"""
        SELECT *, row_number() OVER (PARTITION BY {_KEY} ORDER BY {_LANDING_ORDER}) AS landing_rank
        FROM {parquet_scan(objects)}
        WHERE CAST(occurred_at AS DATE) = DATE '{day}' AND ({_KEY}) IN (SELECT ({_KEY}) FROM {rows} WHERE {late})
    """
    return f"""(
        WITH earlier AS (SELECT * FROM ({earlier}) WHERE landing_rank = 1)
        SELECT {READ} FROM {rows} WHERE ({_KEY}) NOT IN (SELECT ({_KEY}) FROM earlier)
        UNION ALL
        SELECT {READ} FROM earlier
    )"""


def _known(connection: Connection, paths: list[str], known_at: datetime) -> set[str]:
    files = landing_files.c
    return set(
        connection.execute(
            select(files.path).where(one_of(files.path, paths), files.landed_at <= known_at)
        ).scalars()
    )
