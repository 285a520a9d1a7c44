"""What pages learn of objects makes later ones faster, and shows in no page."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest

from usage_pipeline.listing import search
from usage_pipeline.listing import sorted_days as listing_days
from usage_pipeline.listing.kept_records import KeptRecords
from usage_pipeline.listing.known_values import KnownValues, hashes_of
from usage_pipeline.listing.pages import Pages
from usage_pipeline.listing.queries import Order, RecordQuery
from usage_pipeline.listing.record_days import RecordDays
from usage_pipeline.listing.search import Learnt
from usage_pipeline.listing.sorted_days import READINGS, SortedDays
from usage_pipeline.storage.engine import session
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.listing.lists import LANDED, ids, record, turned
from usage_pipeline_tests.support import Landing, land_and_compute

NEWEST_FIRST = ["p2", "a5", "a4", "a3", "p1", "a2", "a1"]
WITH_LATE = ["p2", "a5", "a6", *NEWEST_FIRST[2:]]


def read_often(pages: Pages) -> None:
    """Read two days so often that they are sorted in time, every time for another list."""
    for day in (date(2026, 5, 20), date(2026, 5, 22)):
        for number in range(READINGS + 1):
            pages.read(RecordQuery("acme", meta=(("none", (str(number),)),), first=day, last=day))


def land_late(storage: Storage) -> None:
    """Land one more record of the 22nd, so that the day is replaced."""
    late = record("a6", "22T12:00", conversationId="c3")
    Landing(storage.settings.landing).write("usage_statistics", LANDED, [late], tenant="acme", name="late.jsonl")
    land_and_compute(storage, "records")


def sorted_days(storage: Storage) -> int:
    with session(storage.engine) as duck:
        found = duck.execute("SELECT count(*) FROM duckdb_tables() WHERE database_name = 'listing'").fetchall()
    return int(found[0][0])


@pytest.mark.parametrize("few", [0, 1, 2, 3])
@pytest.mark.parametrize("order", Order)
def test_lists_that_are_too_long_to_keep_are_turned_whole(
    landed: Storage, monkeypatch: pytest.MonkeyPatch, few: int, order: Order
) -> None:
    monkeypatch.setattr(search, "FEW", few)
    found = [name for page in turned(Pages(landed), RecordQuery("acme", order=order), 2) for name in ids(page)]
    assert found == (NEWEST_FIRST if order is Order.DESC else NEWEST_FIRST[::-1])


def test_days_that_are_read_often_are_sorted_and_read_anew_when_they_change(
    own: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing_days, "_AHEAD", 0)
    pages, before = Pages(own), sorted_days(own)
    read_often(pages)
    assert sorted_days(own) == before
    assert [day.day for day in pages.prepare()] == [20, 22]
    assert sorted_days(own) == before + 2
    assert [name for page in turned(pages, RecordQuery("acme"), 2) for name in ids(page)] == NEWEST_FIRST
    land_late(own)
    assert ids(pages.read(RecordQuery("acme"))) == WITH_LATE
    assert ids(pages.read(RecordQuery("acme", (("conversationId", ("c3",)),)))) == ["a6"]
    assert sorted_days(own) == before + 1


def test_pages_without_room_to_learn_are_the_same(landed: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    forgetful = Learnt(KnownValues(0), SortedDays(0), KeptRecords(0))
    monkeypatch.setattr("usage_pipeline.listing.pages.Learnt", lambda: forgetful)
    pages, before = Pages(landed), sorted_days(landed)
    read_often(pages)
    assert [*pages.prepare()] == []
    assert [name for page in turned(pages, RecordQuery("acme"), 2) for name in ids(page)] == NEWEST_FIRST
    assert sorted_days(landed) == before


def test_threads_share_what_is_learnt(landed: Storage) -> None:
    pages = Pages(landed)
    lists: list[tuple[RecordQuery, list[str]]] = [
        (RecordQuery("acme"), NEWEST_FIRST),
        (RecordQuery("globex"), ["g1", "a2"]),
        (RecordQuery("acme", (("conversationId", ("c1",)),)), ["a5", "a3", "p1", "a1"]),
        (RecordQuery("acme", (("botId", ("b2",)),)), ["a3"]),
    ]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda asked: ids(pages.read(asked[0])), lists * 25))
    assert found == [expected for _, expected in lists] * 25


def test_only_days_with_a_value_are_read_for_it(landed: Storage) -> None:
    known = KnownValues()
    with session(landed.engine) as duck:

        def days_with(column: str, *values: str) -> list[date]:
            tests = {column: hashes_of(duck, values)}
            days = RecordDays.of(landed, RecordQuery()).objects()
            return [day.day for day in days if known.may_have(duck, day, tests)]

        assert days_with("conversation_id", "c2") == [date(2026, 5, 22)]
        assert days_with("conversation_id", "c1", "nobody's") == [date(2026, 5, 22), date(2026, 5, 20)]
        assert days_with("tenant_id", "globex") == [date(2026, 5, 21), date(2026, 5, 20)]
        assert days_with("task_id", "t2") == []


def test_days_that_are_prepared_have_the_same_pages_and_are_prepared_anew_when_they_change(own: Storage) -> None:
    pages, before = Pages(own), sorted_days(own)
    assert [day.day for day in pages.prepare()] == [23, 22, 21, 20]
    assert sorted_days(own) == before + 4
    assert [name for page in turned(pages, RecordQuery("acme"), 2) for name in ids(page)] == NEWEST_FIRST
    land_late(own)
    assert ids(pages.read(RecordQuery("acme"))) == WITH_LATE
    assert len([*pages.prepare()]) == sorted_days(own) - before == 4
    assert ids(Pages(own).read(RecordQuery("acme"))) == ids(pages.read(RecordQuery("acme")))
    pages.forget()
    assert sorted_days(own) == before
