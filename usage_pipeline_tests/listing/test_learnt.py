"""What pages learn of objects makes later ones faster, and shows in no page."""

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from threading import Barrier

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
from usage_pipeline.records.tables import USAGE_RECORDS
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
            pages.read(RecordQuery("acme", (("type", (str(number),)),), first=day, last=day))


def land_late(storage: Storage) -> None:
    """Land one more record of the 22nd, so that the day is replaced."""
    late = record("a6", "22T12:00", conversationId="c3")
    Landing(storage.settings.landing).write("usage_statistics", LANDED, [late], tenant="acme", name="late.jsonl")
    land_and_compute(storage, "records")


def copies(storage: Storage) -> int:
    return len([*storage.settings.data_dir.glob("tmp/listing-*/*.parquet")])


@pytest.mark.parametrize("few", [0, 1, 2, 3])
@pytest.mark.parametrize("order", Order)
def test_lists_that_are_too_long_to_keep_are_turned_whole(
    landed: Storage, monkeypatch: pytest.MonkeyPatch, few: int, order: Order
) -> None:
    monkeypatch.setattr(search, "FEW", few)
    found = [name for page in turned(Pages(landed), RecordQuery("acme", order=order), 2) for name in ids(page)]
    assert found == (NEWEST_FIRST if order is Order.DESC else NEWEST_FIRST[::-1])


def test_days_that_are_read_often_are_copied_and_read_anew_when_they_change(
    own: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing_days, "_AHEAD", 0)
    pages, before = Pages(own), copies(own)
    read_often(pages)
    assert copies(own) == before
    assert [day.day for day in pages.prepare()] == [20, 22]
    assert copies(own) == before + 2
    assert [name for page in turned(pages, RecordQuery("acme"), 2) for name in ids(page)] == NEWEST_FIRST
    land_late(own)
    assert ids(pages.read(RecordQuery("acme"))) == WITH_LATE
    assert ids(pages.read(RecordQuery("acme", (("conversationId", ("c3",)),)))) == ["a6"]
    assert copies(own) == before + 1


def test_pages_without_room_to_learn_are_the_same(
    landed: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forgetful = Learnt(SortedDays(tmp_path, 0), KnownValues(0), KeptRecords(0))
    monkeypatch.setattr("usage_pipeline.listing.pages.Learnt", lambda _: forgetful)
    pages, before = Pages(landed), copies(landed)
    read_often(pages)
    assert [*pages.prepare()] == []
    assert [name for page in turned(pages, RecordQuery("acme"), 2) for name in ids(page)] == NEWEST_FIRST
    assert copies(landed) == before


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


def test_what_many_ask_for_at_once_is_read_for_one_of_them(own: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing_days, "_AHEAD", 0)
    monkeypatch.setattr(listing_days, "READINGS", 1)  # what is read twice is copied
    pages, all_at_once = Pages(own), Barrier(8)

    def ask(_: int) -> list[str]:
        all_at_once.wait()
        return ids(pages.read(RecordQuery("acme")))

    with ThreadPoolExecutor(8) as pool:
        assert [*pool.map(ask, range(8))] == [NEWEST_FIRST] * 8
    assert [*pages.prepare()] == []


def test_only_days_with_a_value_are_read_for_it(landed: Storage) -> None:
    known = KnownValues()
    with session(landed.engine) as duck:

        def days_with(column: str, *values: str) -> list[date]:
            tests = {column: hashes_of(values)}
            days = RecordDays.of(landed, RecordQuery()).objects()
            return [day.day for day in days if known.may_have(duck, day, tests)]

        assert days_with("conversation_id", "c2") == [date(2026, 5, 22)]
        assert days_with("conversation_id", "c1", "nobody's") == [date(2026, 5, 22), date(2026, 5, 20)]
        assert days_with("tenant_id", "globex") == [date(2026, 5, 21), date(2026, 5, 20)]
        assert days_with("task_id", "t2") == []


def test_days_that_are_prepared_have_the_same_pages_and_are_prepared_anew_when_they_change(own: Storage) -> None:
    pages, before = Pages(own), copies(own)
    assert [day.day for day in pages.prepare()] == [23, 22, 21, 20]
    assert copies(own) == before + 4
    assert [name for page in turned(pages, RecordQuery("acme"), 2) for name in ids(page)] == NEWEST_FIRST
    land_late(own)
    assert ids(pages.read(RecordQuery("acme"))) == WITH_LATE
    assert len([*pages.prepare()]) == copies(own) - before == 4
    assert ids(Pages(own).read(RecordQuery("acme"))) == ids(pages.read(RecordQuery("acme")))
    pages.forget()
    assert copies(own) == before


def test_a_copy_that_somebody_removes_is_made_anew(own: Storage) -> None:
    pages = Pages(own)
    prepared = [*pages.prepare()]
    for copy in own.settings.data_dir.glob("tmp/listing-*/*.parquet"):
        copy.unlink()
    assert ids(pages.read(RecordQuery("acme"))) == NEWEST_FIRST
    assert [*pages.prepare()] == prepared
    assert (copies(own), ids(pages.read(RecordQuery("globex")))) == (len(prepared), ["g1", "a2"])


def test_a_day_that_cannot_be_copied_is_read_from_its_object_and_not_tried_again(own: Storage) -> None:
    pages, temporaries = Pages(own), own.settings.data_dir / "tmp"
    shutil.rmtree(temporaries, ignore_errors=True)
    temporaries.write_text("in the way of a folder", encoding="utf-8")
    assert len([*pages.prepare()]) == 4
    temporaries.unlink()
    assert len([*pages.prepare()]) == 4
    assert (copies(own), ids(pages.read(RecordQuery("acme")))) == (0, NEWEST_FIRST)


def test_a_damaged_object_does_not_keep_other_days_from_being_copied(own: Storage) -> None:
    own.lake.object(USAGE_RECORDS.spec, date(2026, 5, 22)).write_bytes(b"no rows")
    pages = Pages(own)
    assert [day.day for day in pages.prepare()] == [23, 22, 21, 20]
    assert copies(own) == 3


def test_the_days_behind_a_page_that_is_turned_are_read_ahead(own: Storage) -> None:
    pages, oldest_first = Pages(own), RecordQuery("acme", order=Order.ASC)
    second = pages.read(oldest_first, 1, pages.read(oldest_first, 1).cursor)
    pages.stop()
    assert [*pages.read_ahead()] == [date(2026, 5, 20)]
    for day in (22, 23):
        make_unreadable(own.lake.object(USAGE_RECORDS.spec, date(2026, 5, day)))
    assert ids(pages.read(oldest_first, 100, second.cursor)) == ["p1", "a3", "a4", "a5", "p2"]


def test_nothing_is_read_ahead_of_a_first_page_nor_at_the_end(own: Storage) -> None:
    pages, query = Pages(own), RecordQuery("acme")
    first = pages.read(query, 4)
    assert pages.read(query, 4, first.cursor).cursor is None
    pages.stop()
    assert [*pages.read_ahead()] == []


def make_unreadable(found: Path) -> None:
    """Damage an object so that it does not look as if it had been replaced."""
    status = found.stat()
    with found.open("r+b") as file:
        file.write(bytes(status.st_size))
    os.utime(found, ns=(status.st_atime_ns, status.st_mtime_ns))
