"""Records that land, and days that are computed again while pages are turned, lose and repeat none."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from usage_pipeline.listing.pages import Pages
from usage_pipeline.listing.queries import Order, RecordQuery
from usage_pipeline.records.tables import USAGE_RECORDS
from usage_pipeline.storage.objects import DayObject
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.state import days_being_written
from usage_pipeline_tests.conftest import NOW
from usage_pipeline_tests.listing.lists import LANDED, ids, record
from usage_pipeline_tests.support import Landing, land_and_compute

TENANTS = (f"tenant-{number}" for number in count())
TIMES = st.sampled_from([f"{day}T{hour:02}:00" for day in (20, 21) for hour in (0, 12, 23)])
"""Few, so that many records have the same."""
EARLIER = "2026-05-22"
MOVES = st.lists(st.dictionaries(st.integers(0, 4), st.integers(0, 23), min_size=1), min_size=1, max_size=3)
"""For each file that lands late the records of the first file that move, and their new hours."""
FILES = st.lists(st.lists(TIMES, min_size=1, max_size=5), min_size=2, max_size=3)


@pytest.fixture(scope="module")
def storage(open_shared: Callable[..., Storage]) -> Storage:
    return open_shared()


@pytest.fixture(scope="module")
def pages(storage: Storage) -> Pages:
    return Pages(storage)


def land(storage: Storage, tenant: str, number: int, times: Sequence[str]) -> set[str]:
    """Land a file with records of these times, compute their days, and return their ids."""
    lines = [record(f"{place}-of-{number}", time) for place, time in enumerate(times)]
    write(storage, number, tenant, LANDED, lines)
    return {line["id"] for line in lines}


def move(storage: Storage, tenant: str, number: int, times: Mapping[int, str]) -> None:
    """Land a file of an earlier day, whose lines count instead of those of the first file with the same ids."""
    lines = [record(f"{place}-of-0", time) for place, time in times.items()]
    write(storage, number, tenant, EARLIER, lines)


def write(storage: Storage, number: int, tenant: str, day: str, lines: list[dict[str, Any]]) -> None:
    """Write a file, and land and compute it so many minutes after the present."""
    name = f"{9 - number}.jsonl"  # of those that move a record several times the last to land counts
    Landing(storage.settings.landing).write("usage_statistics", day, lines, tenant=tenant, name=name)
    then = storage.settings.model_copy(update={"now": NOW + timedelta(minutes=number)})
    land_and_compute(replace(storage, settings=then), "records")


def turned(pages: Pages, query: RecordQuery, take: int, between: Iterator[object]) -> list[str]:
    """The ids of all pages, with something done between two of them; every second one is read from copies."""
    page, copies = pages.read(query, take), False
    found = ids(page)
    while page.cursor:
        next(between, None)
        copies = not copies
        if copies:
            list(pages.prepare())
        page = pages.read(query, take, page.cursor)
        found += ids(page)
    return found


@settings(max_examples=3)
@given(files=FILES, take=st.integers(1, 3), order=st.sampled_from(Order))
def test_each_record_of_the_first_page_is_listed_once(
    storage: Storage, pages: Pages, files: list[list[str]], take: int, order: Order
) -> None:
    tenant = next(TENANTS)
    there = land(storage, tenant, 0, [*files[0], "20T12:00", "21T23:00"])
    landing = (land(storage, tenant, number, times) for number, times in enumerate(files[1:], 1))
    found = turned(pages, RecordQuery(tenant, order=order), take, landing)
    assert len(found) == len(set(found))
    assert there <= set(found)


@settings(max_examples=3)
@given(moves=MOVES, take=st.integers(1, 3), order=st.sampled_from(Order))
def test_each_record_is_listed_once_although_earlier_lines_of_it_land_late(
    storage: Storage, pages: Pages, moves: list[dict[int, int]], take: int, order: Order
) -> None:
    tenant, first = next(TENANTS), [f"20T{hour:02}:00" for hour in (2, 6, 10, 14, 18)]
    there = land(storage, tenant, 0, [*first, "21T12:00"])
    moving = (
        move(storage, tenant, number, {place: f"20T{hour:02}:30" for place, hour in moved.items()})
        for number, moved in enumerate(moves, 1)
    )
    found = turned(pages, RecordQuery(tenant, order=order), take, moving)
    assert (len(found), set(found)) == (len(there), there)


def test_a_record_that_moved_is_listed_as_it_was_and_by_who_begins_anew_as_it_is(
    storage: Storage, pages: Pages
) -> None:
    tenant = next(TENANTS)
    land(storage, tenant, 0, ["20T08:00", "20T09:00", "20T10:00"])
    query = RecordQuery(tenant, order=Order.ASC)
    moving = (move(storage, tenant, 1, moved) for moved in [{0: "20T11:00", 1: "20T07:00"}])
    assert turned(pages, query, 1, moving) == ["0-of-0", "1-of-0", "2-of-0"]
    assert turned(pages, query, 1, iter(())) == ["1-of-0", "2-of-0", "0-of-0"]


def test_a_page_waits_until_the_state_knows_of_a_day_that_has_just_been_replaced(
    storage: Storage, pages: Pages
) -> None:
    tenant = next(TENANTS)
    land(storage, tenant, 0, ["20T08:00", "20T09:00", "20T10:00"])
    first = pages.read(query := RecordQuery(tenant, order=Order.ASC), 1)
    with ThreadPoolExecutor() as pool, without_commit(storage, date(2026, 5, 20)) as is_replaced:
        moving = pool.submit(move, storage, tenant, 1, {0: "20T11:00", 1: "20T07:00"})
        is_replaced()
        second = pool.submit(pages.read, query, 100, first.cursor)
        wait([second], 0.3)
    moving.result()
    assert [*ids(first), *ids(second.result())] == ["0-of-0", "1-of-0", "2-of-0"]


@contextmanager
def without_commit(storage: Storage, day: date) -> Iterator[Callable[[], None]]:
    """Yields a function that waits until the records of a day are replaced. They are not committed meanwhile."""
    before = DayObject.of(day, storage.lake.object(USAGE_RECORDS.spec, day))
    with storage.warehouse.connect() as connection:

        def until_replaced() -> None:
            while day not in days_being_written(connection, USAGE_RECORDS.name):
                connection.rollback()
            connection.execute(text("LOCK TABLE usage.partition_state IN SHARE MODE"))
            while before.is_there:
                pass

        yield until_replaced
