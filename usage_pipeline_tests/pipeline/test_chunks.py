"""Work is cut into runs; no day is lost, none is done twice."""

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from usage_pipeline.pipeline.automation.work import chunks
from usage_pipeline.pipeline.refresh import Unfinished, work_units

DAYS = st.sets(st.dates(date(2026, 1, 1), date(2026, 4, 1)))
SIZES = st.integers(1, 40)
ONE_DAY = timedelta(days=1)


@given(DAYS, SIZES)
def test_chunks_lose_nothing_and_keep_the_order(days: set[date], size: int) -> None:
    assert [day for chunk in chunks(days, size) for day in chunk] == sorted(days)


@given(DAYS, SIZES)
def test_the_days_of_a_chunk_are_consecutive(days: set[date], size: int) -> None:
    assert all(later - earlier == ONE_DAY for chunk in chunks(days, size) for earlier, later in pairwise(chunk))


@given(DAYS, SIZES)
def test_a_chunk_has_at_most_its_size_and_at_least_a_day(days: set[date], size: int) -> None:
    assert all(1 <= len(chunk) <= size for chunk in chunks(days, size))


@given(DAYS, SIZES)
def test_a_chunk_ends_only_where_it_is_full_or_a_day_is_missing(days: set[date], size: int) -> None:
    assert all(
        len(chunk) == size or following[0] - chunk[-1] > ONE_DAY
        for chunk, following in pairwise(chunks(days, size))
    )


@given(st.dictionaries(st.dates(date(2026, 1, 1), date(2026, 2, 9)), st.frozensets(st.sampled_from("abc"))))
def test_units_of_work_are_the_work(work: dict[date, frozenset[str]]) -> None:
    done = [(day, tables) for tables, days in work_units(work) for day in days]
    assert sorted(done) == sorted(work.items())


def test_units_of_work_begin_with_the_earliest_day() -> None:
    first, second, third = (date(2026, 5, day) for day in (1, 2, 3))
    work = {third: frozenset("a"), second: frozenset("b"), first: frozenset("a")}
    assert list(work_units(work)) == [(frozenset("a"), [first, third]), (frozenset("b"), [second])]


def test_units_that_dagster_launches_have_consecutive_days() -> None:
    first, second, third = (date(2026, 5, day) for day in (1, 2, 3))
    work = {third: frozenset("a"), second: frozenset("b"), first: frozenset("a")}
    assert list(work_units(work, cut=chunks)) == [
        (frozenset("a"), [first]),
        (frozenset("b"), [second]),
        (frozenset("a"), [third]),
    ]


def test_a_day_that_failed_shares_its_run_with_no_other() -> None:
    first, second, third = (date(2026, 5, day) for day in (1, 2, 3))
    work = dict.fromkeys((first, second, third), frozenset("a"))
    assert list(work_units(work, Unfinished(failed={second}))) == [
        (frozenset("a"), [first, third]),
        (frozenset("a"), [second]),
    ]


def test_days_whose_writer_died_share_their_run_with_none_that_it_did_not_write() -> None:
    days = [date(2026, 5, day) for day in (1, 2, 3, 4)]
    work = dict.fromkeys(days, frozenset("a"))
    assert list(work_units(work, Unfinished(writing=days[1:3]))) == [
        (frozenset("a"), [days[0], days[3]]),
        (frozenset("a"), days[1:3]),
    ]
