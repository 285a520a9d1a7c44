"""What arrives: which landing days wait, and from when on their files count as at rest."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usage_pipeline.events.landing.scan import Misplaced
from usage_pipeline.pipeline.automation.arrivals import (
    PATIENCE,
    Look,
    Waiting,
    arrived_work,
    dump,
    find_arrivals,
    look_again,
    misplaced_digest,
    parse,
)
from usage_pipeline.pipeline.automation.work import LANDING, LANDING_AND_EVENTS
from usage_pipeline.pipeline.landing_work import scan
from usage_pipeline.settings import Settings
from usage_pipeline.storage import landed_files
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.support import Landing, landed_file, prompt

DAY, NEXT_DAY, LAST_DAY = date(2026, 5, 1), date(2026, 5, 2), date(2026, 5, 4)
waiting_days = st.dictionaries(
    st.dates(date(2026, 1, 1), date(2026, 3, 1)), st.builds(Waiting, st.text(), st.integers(1, 99), st.booleans())
)


@pytest.fixture
def file(landing: Landing) -> Path:
    return landing.write("persona", "2026-05-01", [prompt("e1", "2026-05-01T08:00:00Z")])


@pytest.mark.usefixtures("file")
def test_a_new_file_makes_its_landing_day_wait(storage: Storage) -> None:
    assert find_arrivals(storage, scan(storage)).keys() == {DAY}


@pytest.mark.usefixtures("file")
def test_a_landed_file_waits_for_nothing(storage: Storage, run: Callable[[], object]) -> None:
    run()
    assert find_arrivals(storage, scan(storage)) == {}


def test_a_landed_file_that_changes_waits_again(storage: Storage, file: Path, run: Callable[[], object]) -> None:
    run()
    file.write_text(file.read_text() * 2)
    assert find_arrivals(storage, scan(storage)).keys() == {DAY}


def test_the_digest_of_a_day_changes_with_each_of_its_files(
    storage: Storage, landing: Landing, file: Path
) -> None:
    before = find_arrivals(storage, scan(storage))[DAY]
    other = landing.write("persona", "2026-05-01", [], name="other.jsonl")
    with_other = find_arrivals(storage, scan(storage))[DAY]
    file.write_text(file.read_text() * 2)
    assert len({before, with_other, find_arrivals(storage, scan(storage))[DAY]}) == 3
    other.unlink()
    assert find_arrivals(storage, scan(storage))[DAY] != before


def test_a_day_is_at_rest_when_two_looks_in_a_row_found_the_same() -> None:
    first = look_again({}, {DAY: "a"})
    assert not first[DAY].ready
    changed = look_again(first, {DAY: "b"})
    assert not changed[DAY].ready
    assert look_again(changed, {DAY: "b"})[DAY].ready


def test_a_day_that_never_comes_to_rest_is_landed_after_a_while() -> None:
    waiting: dict[date, Waiting] = {}
    looks = 0
    while not waiting or not waiting[DAY].ready:
        looks += 1
        waiting = look_again(waiting, {DAY: str(looks)})
    assert looks == PATIENCE == 10


def test_a_day_that_has_landed_is_forgotten() -> None:
    assert look_again({DAY: Waiting("a", 9)}, {}) == {}


def test_ready_days_are_landed_in_runs_of_consecutive_days_the_newest_first_but_not_busy_ones() -> None:
    ready = {day: Waiting("a", 2, at_rest=True) for day in (DAY, NEXT_DAY, date(2026, 5, 3), LAST_DAY)}
    found = [list(work.days) for work in arrived_work(ready, busy={date(2026, 5, 3)})]
    assert found == [[LAST_DAY], [DAY, NEXT_DAY]]


def test_the_same_files_are_the_same_work_and_others_another() -> None:
    first, same, other = (
        arrived_work({DAY: Waiting(digest, 2, at_rest=True)}, ())[0].digest for digest in ("a", "a", "b")
    )
    assert first == same != other


def test_a_few_days_are_landed_and_computed_by_one_run_and_many_are_only_landed() -> None:
    two = {day: Waiting("a", 2, at_rest=True) for day in (DAY, NEXT_DAY)}
    assert [work.tables for work in arrived_work(two, ())] == [LANDING_AND_EVENTS]
    assert [work.tables for work in arrived_work(two, {LAST_DAY})] == [LANDING]
    assert [work.tables for work in arrived_work({**two, LAST_DAY: Waiting("a")}, ())] == [LANDING]


def test_misplaced_entries_are_the_same_or_others_by_path_and_problem() -> None:
    entry = Misplaced("unknown", "no format has this name")
    assert misplaced_digest([entry]) == misplaced_digest([entry])
    assert len({misplaced_digest(found) for found in ([], [entry], [replace(entry, problem="gone")])}) == 3


@given(waiting_days, st.text())
def test_a_look_is_remembered_as_text(waiting: dict[date, Waiting], misplaced: str) -> None:
    look = Look(waiting, misplaced)
    assert parse(dump(look)) == look


def test_nothing_is_remembered_at_first() -> None:
    assert parse(None) == Look()


@pytest.mark.acceptance
def test_a_look_at_100_000_files_takes_less_than_a_second(storage: Storage, settings: Settings) -> None:
    for day in range(1, 11):
        for tenant in range(100):
            folder = settings.landing / "persona" / f"2026-05-{day:02}" / f"tenant{tenant}"
            folder.mkdir(parents=True)
            for number in range(100):
                (folder / f"{number}.jsonl").touch()
    known = [
        landed_file(file.path, file.landing_day, mtime_ns=file.mtime_ns)
        for files in scan(storage).days().values()
        for file in files
    ]
    with storage.warehouse.begin() as connection:
        landed_files.record_files(connection, known)
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        assert find_arrivals(storage, scan(storage)) == {}
        seconds.append(time.perf_counter() - started)
    assert min(seconds) < 1
