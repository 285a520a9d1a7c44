"""Pages of lists, asked for by eight clients at once, and how long they take.

python -m bench.subjects.pages DATA_DIR OUT first|conversation|deep
"""

import json
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import quantiles
from time import perf_counter

from bench.errors import BenchError
from usage_pipeline.api.preparing import preparing
from usage_pipeline.listing.pages import Page, Pages
from usage_pipeline.listing.queries import RecordQuery
from usage_pipeline.records.tables import USAGE_RECORDS
from usage_pipeline.settings import Settings
from usage_pipeline.storage.engine import parquet_scan, session
from usage_pipeline.storage.opened import Storage, open_storage

CLIENTS = 8
_FIRST_PAGES, _CONVERSATIONS, _LISTS = 2_000, 1_000, 16
_DEEP, _TURNED = 40, 20
"""The page of a list from which on pages are measured, and how many are."""


def first_pages(storage: Storage) -> list[float]:
    """Ask for the first pages of any tenants."""
    return _all_at_once(storage, [RecordQuery(tenant) for tenant, _ in any_records(storage, _FIRST_PAGES)])


def conversation_pages(storage: Storage) -> list[float]:
    """Ask for the records of any conversations, of any day."""
    asked = any_records(storage, _CONVERSATIONS)
    queries = [RecordQuery(tenant, (("conversationId", (name,)),)) for tenant, name in asked]
    return _all_at_once(storage, queries)


def deep_pages(storage: Storage) -> list[float]:
    """Turn the pages of lists, and measure those that are deep in them."""
    pages = Pages(storage)

    def turn(query: RecordQuery) -> list[float]:
        cursor, times = None, []
        for _ in range(_DEEP + _TURNED):
            took, page = _timed(pages, query, cursor)
            cursor = page.cursor
            times.append(took)
        return times[_DEEP:]

    with preparing(pages), ThreadPoolExecutor(CLIENTS) as pool:
        turned = pool.map(turn, [RecordQuery(tenant) for tenant, _ in any_records(storage, _LISTS)])
        return [took for times in turned for took in times]


def _all_at_once(storage: Storage, queries: Iterable[RecordQuery]) -> list[float]:
    pages = Pages(storage)
    with preparing(pages), ThreadPoolExecutor(CLIENTS) as pool:
        return [took for took, _ in pool.map(lambda query: _timed(pages, query), queries)]


def _timed(pages: Pages, query: RecordQuery, cursor: str | None = None) -> tuple[float, Page]:
    """Ask for a page; return the milliseconds that it took, and the page."""
    started = perf_counter()
    page = pages.read(query, cursor=cursor)
    took = (perf_counter() - started) * 1000
    if not page.items:
        raise BenchError(f"A page of {query.tenant_id} is empty.")
    return took, page


def any_records(storage: Storage, number: int) -> list[tuple[str, str]]:
    """Return tenant and conversation of so many records, always the same ones."""
    records = parquet_scan(storage.lake.days(USAGE_RECORDS.spec).values())
    with session(storage.engine) as duck:
        found: list[tuple[str, str]] = duck.execute(
            f"SELECT tenant_id, conversation_id FROM {records} ORDER BY hash(record_id) LIMIT {number}"
        ).fetchall()
    return found


MEASURED = {"first": first_pages, "conversation": conversation_pages, "deep": deep_pages}

if __name__ == "__main__":
    data_dir, out, name = sys.argv[1:]
    with open_storage(Settings.load(data_dir=Path(data_dir))) as opened:
        cuts = quantiles(MEASURED[name](opened), n=100)
    found = {"p50_ms": round(cuts[49], 2), "p99_ms": round(cuts[98], 2)}
    (Path(out) / "answers.json").write_text(json.dumps(found), encoding="utf-8")
