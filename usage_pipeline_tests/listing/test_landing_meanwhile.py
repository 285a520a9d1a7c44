"""Records that land, and days that are computed again while pages are turned, lose and repeat none."""

from collections.abc import Callable, Iterator, Sequence
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from usage_pipeline.listing.pages import Pages
from usage_pipeline.listing.queries import Order, RecordQuery
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.listing.lists import LANDED, ids, record
from usage_pipeline_tests.support import Landing, land_and_compute

TENANTS = (f"tenant-{number}" for number in count())
TIMES = st.sampled_from([f"{day}T{hour:02}:00" for day in (20, 21) for hour in (0, 12, 23)])
"""Few, so that many records have the same."""
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
    Landing(storage.settings.landing).write(
        "usage_statistics", LANDED, lines, tenant=tenant, name=f"{number}.jsonl"
    )
    land_and_compute(storage, "records")
    return {line["id"] for line in lines}


def turned(pages: Pages, query: RecordQuery, take: int, between: Iterator[object]) -> list[str]:
    """The ids of all pages, with something done between two of them."""
    page = pages.read(query, take)
    found = ids(page)
    while page.cursor:
        next(between, None)
        page = pages.read(query, take, page.cursor)
        found += ids(page)
    return found


@settings(max_examples=5)
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
