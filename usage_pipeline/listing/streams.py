"""Streams of a whole list, as JSON lines or CSV, day by day in its order.

DuckDB sorts a day, or several small ones, before their first record comes out, in the memory that it may have, and
spills what is more. So a day that is replaced meanwhile comes as it was or as it is, never as a part of each.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import date

from duckdb import DuckDBPyConnection

from usage_pipeline.csv_cells import LINE_END, text_cell
from usage_pipeline.listing.columns import columns_of
from usage_pipeline.listing.queries import RecordQuery
from usage_pipeline.listing.record_days import RecordDays
from usage_pipeline.listing.selecting import READ, csv_line, json_object, select_records
from usage_pipeline.storage.engine import damage_named, parquet_scan, session, undisturbed
from usage_pipeline.storage.objects import DayObject
from usage_pipeline.storage.opened import Storage

_AT_ONCE = 2_000
"""Records of a piece: about half a megabyte."""

_BYTES_AT_ONCE = 4_000_000
"""Of the objects of small days that are sorted together: some hundred thousand records."""

DaysDone = Callable[[int, int], None]
"""Called now and then with the number of days that are done, and of all."""


def tell_nobody(*_: int) -> None:
    """Do nothing with the number of days."""


def stream_json_lines(
    storage: Storage, query: RecordQuery, days_done: DaysDone = tell_nobody, most: int | None = None
) -> Iterator[bytes]:
    """Yield a list, or its first records, as JSON objects, each on a line, in pieces of whole lines.

    Raises PartitionError where records are gone, with the first piece or later: what came before is not the list.
    """
    return _lines(storage, query, f"{json_object(columns_of(query.tenant_id))} || '\n'", days_done, most)


def stream_csv(
    storage: Storage, query: RecordQuery, days_done: DaysDone = tell_nobody, most: int | None = None
) -> Iterator[bytes]:
    """Yield a list, or its first records, as CSV with one header, as `csv_cells` says, in pieces of whole lines.

    Raises PartitionError as `stream_json_lines` does.
    """
    yield (",".join(text_cell(column.name) for column in columns_of(query.tenant_id)) + LINE_END).encode()
    yield from _lines(storage, query, csv_line(query), days_done, most)


def _lines(
    storage: Storage, query: RecordQuery, line: str, days_done: DaysDone, most: int | None
) -> Iterator[bytes]:
    objects, done, left = list(RecordDays.of(storage, query).objects()), 0, most
    for days in _portions(objects):
        if left == 0:
            return
        with session(storage.engine) as duck, damage_named():
            piece = _first_lines(storage, duck, replace(query, first=min(days), last=max(days)), line, left)
            while piece:
                left = None if left is None else left - len(piece)
                yield "".join(text for (text,) in piece).encode()
                piece = duck.fetchmany(_AT_ONCE)
        done += len(days)
        days_done(done, len(objects))


def _portions(objects: Iterable[DayObject]) -> list[list[date]]:
    """Cut the days into portions that are sorted together."""
    portions: list[list[date]] = []
    size = _BYTES_AT_ONCE
    for day in objects:
        size += day.size
        if size > _BYTES_AT_ONCE:
            portions.append([])
            size = day.size
        portions[-1].append(day.day)
    return portions


@undisturbed
def _first_lines(
    storage: Storage, duck: DuckDBPyConnection, query: RecordQuery, line: str, most: int | None
) -> list[tuple[str]]:
    """Begin to read the lines of days, and return the first; then all are sorted, and nothing is left to read."""
    days = RecordDays.of(storage, query)
    objects = list(days.objects())
    if not objects:
        return []
    rows = f"(SELECT {READ} FROM {parquet_scan(day.path for day in objects)})"
    duck.execute(select_records(query, days.kept(duck, rows, objects), line, most=most))
    return duck.fetchmany(_AT_ONCE)
