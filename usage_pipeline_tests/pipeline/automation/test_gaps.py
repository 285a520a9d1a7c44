"""Gaps: what is expected from the first landing folder up to yesterday, and is not there."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.pipeline.automation.gaps import event_gaps, expected_yesterday, gap_work, landing_gaps
from usage_pipeline.pipeline.automation.work import LANDING, Busy
from usage_pipeline.pipeline.refresh import PlainRunner, RefreshSummary, land_days_again
from usage_pipeline.pipeline.tables import DAILY_TABLES
from usage_pipeline.settings import Settings
from usage_pipeline.storage import landed_files, state
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.conftest import OpenOn
from usage_pipeline_tests.support import Landing, at, digests, prompt

EVERY_TABLE = {table.name for table in DAILY_TABLES}

Run = Callable[[], object]


def day(number: int) -> date:
    return date(2026, 5, number)


def write(landing: Landing, *days: int) -> None:
    for number in days:
        landing.write("persona", str(day(number)), [prompt(f"e{number}", f"{day(number)}T08:00:00Z")])


def land(storage: Storage, *days: int) -> None:
    land_days_again(PlainRunner(storage), [day(number) for number in days], RefreshSummary())


def test_a_landing_day_that_has_not_landed_is_a_gap(storage: Storage, landing: Landing) -> None:
    write(landing, 1, 3)
    land(storage, 1)
    assert landing_gaps(storage).keys() == {day(3)}


def test_a_landing_day_that_is_half_written_is_a_gap(storage: Storage, landing: Landing) -> None:
    write(landing, 1)
    land(storage, 1)
    with storage.warehouse.begin() as connection:
        state.mark_writing(connection, LANDED_EVENTS.name, [day(1)], "a run that died")
    assert landing_gaps(storage).keys() == {day(1)}


def test_a_landing_day_whose_objects_are_lost_is_a_gap(storage: Storage, landing: Landing) -> None:
    write(landing, 1)
    land(storage, 1)
    shutil.rmtree(storage.lake.folder(LANDED_EVENTS, day(1)))
    assert landing_gaps(storage).keys() == {day(1)}


def test_a_file_that_vanished_is_noted_and_no_gap(storage: Storage, landing: Landing, run: Run) -> None:
    write(landing, 1)
    run()
    shutil.rmtree(landing.root / "persona")
    assert landing_gaps(storage) == {}
    with storage.warehouse.connect() as connection:
        assert [file.vanished_at for file in landed_files.files(connection)] == [storage.settings.clock.now]


def test_an_event_day_that_was_never_computed_is_a_gap_of_all_its_tables(
    storage: Storage, landing: Landing
) -> None:
    write(landing, 1)
    land(storage, 1)
    assert event_gaps(storage) == {day(1): EVERY_TABLE}


def test_a_day_with_a_landing_folder_and_no_events_is_a_gap_until_it_is_computed_as_zero(
    storage: Storage, landing: Landing, run: Run
) -> None:
    landing.write("persona", str(day(2)), [prompt("e1", f"{day(1)}T08:00:00Z")])
    run()
    assert event_gaps(storage) == {day(2): EVERY_TABLE}
    PlainRunner(storage).compute(EVERY_TABLE, [day(2)])
    assert event_gaps(storage) == {}


def test_a_day_of_an_outage_is_no_gap(storage: Storage, landing: Landing, run: Run) -> None:
    write(landing, 1, 4)
    run()
    assert (landing_gaps(storage), event_gaps(storage)) == ({}, {})


def test_today_is_no_gap(storage: Storage, landing: Landing) -> None:
    write(landing, 1)
    today = at(storage, datetime(2026, 5, 1, 23, tzinfo=UTC))
    assert landing_gaps(today) == {}
    land(storage, 1)
    assert event_gaps(today) == {}


def test_what_older_code_made_is_a_gap_only_if_the_settings_ask_for_it(
    storage: Storage, landing: Landing, run: Run
) -> None:
    write(landing, 1)
    run()
    with storage.warehouse.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE usage.partition_state SET code_version = 'old' WHERE table_name = 'conversation_series'"
        )
    assert event_gaps(storage) == {}
    asked = replace(storage, settings=storage.settings.model_copy(update={"gap_filler_old_code": True}))
    assert event_gaps(asked) == {day(1): {"conversation_series"}}


def test_landing_comes_before_event_days_and_new_days_before_old_ones(storage: Storage, landing: Landing) -> None:
    write(landing, 1, 2, 5, 7, 9)
    land(storage, 1, 5)
    found = [(work.tables == LANDING, list(work.days)) for work in gap_work(storage, Busy())]
    assert found == [
        (True, [day(9)]),
        (True, [day(7)]),
        (True, [day(2)]),
        (False, [day(5)]),
        (False, [day(1)]),
    ]


def test_days_that_something_is_under_way_for_are_left_alone(storage: Storage, landing: Landing) -> None:
    write(landing, 1, 2, 3)
    land(storage, 1, 2)
    busy = Busy(landing=frozenset({day(3)}), events=frozenset({day(1)}))
    assert [list(work.days) for work in gap_work(storage, busy)] == [[day(2)]]


def test_no_piece_of_work_is_larger_than_the_cap(new_settings: Callable[..., Settings], open_on: OpenOn) -> None:
    settings = new_settings(gap_filler_max_days=2)
    write(Landing(settings.landing), *range(1, 6))
    with open_on(settings) as storage:
        found = [list(work.days) for work in gap_work(storage, Busy())]
    assert found == [[day(5)], [day(3), day(4)], [day(1), day(2)]]


@pytest.mark.parametrize(
    ("now", "expected"), [((5, 3, 0, 15), day(2)), ((5, 2, 0, 15), None), ((5, 4, 0, 15), None)]
)
def test_yesterday_is_expected_when_anything_of_it_has_landed(
    storage: Storage, landing: Landing, now: tuple[int, int, int, int], expected: date | None
) -> None:
    write(landing, 2)
    land(storage, 2)
    month, number, hour, minute = now
    assert expected_yesterday(at(storage, datetime(2026, month, number, hour, minute, tzinfo=UTC))) == expected


def test_filling_all_gaps_comes_to_what_a_refresh_comes_to(
    storage: Storage, landing: Landing, new_settings: Callable[..., Settings], open_on: OpenOn, run: Run
) -> None:
    other = new_settings()
    write(landing, 1, 2, 4)
    write(Landing(other.landing), 1, 2, 4)
    run()
    with open_on(other) as by_gaps:
        for _ in range(3):
            for work in gap_work(by_gaps, Busy()):
                runner = PlainRunner(by_gaps)
                if work.tables == LANDING:
                    runner.land(work.days)
                else:
                    runner.compute(work.tables, work.days)
        assert digests(by_gaps) == digests(storage)
