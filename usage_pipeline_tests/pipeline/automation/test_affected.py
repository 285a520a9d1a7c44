"""A landing affects exactly the event days whose rows it changes, and what depends on them."""

from collections.abc import Callable
from datetime import date

import pytest

from usage_pipeline.pipeline.automation.affected import affected_work
from usage_pipeline.pipeline.refresh import PlainRunner, RefreshSummary, land_days_again
from usage_pipeline.pipeline.tables import DAILY_TABLES
from usage_pipeline.storage import state
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.conftest import Prepare
from usage_pipeline_tests.support import Landing, prompt

EVERY_TABLE = {table.name for table in DAILY_TABLES}
COMPARED = {"excluded_events"}
"""What is to be computed of days nearby, whose lines are compared with those that have changed."""
MOVED = {"conversation_starts", "conversation_series", "daily_breakdown"}

Run = Callable[[], object]


def day(number: int) -> date:
    return date(2026, 5, number)


def land(storage: Storage, *days: date) -> None:
    land_days_again(PlainRunner(storage), days, RefreshSummary())


def affected(storage: Storage, *busy: date) -> list[tuple[set[str], list[date]]]:
    return [(set(work.tables), list(work.days)) for work in affected_work(storage, busy)]


@pytest.fixture
def three_days(landing: Landing, run: Run, prepare: Prepare) -> None:
    """Three computed days; a conversation begins on the second."""
    for number, conversation in enumerate((None, "c", "c"), start=1):
        line = prompt(f"e{number}", f"2026-05-0{number}T08:00:00Z", conversationId=conversation)
        landing.write("persona", f"2026-05-0{number}", [line])
    prepare("three_days", run)


@pytest.mark.usefixtures("three_days")
def test_nothing_is_affected_when_all_is_computed(storage: Storage) -> None:
    assert affected(storage) == []


@pytest.mark.usefixtures("three_days")
def test_a_late_event_affects_all_tables_of_its_own_day_and_none_of_other_days_but_the_comparison(
    storage: Storage, landing: Landing
) -> None:
    landing.write("persona", "2026-05-04", [prompt("late", "2026-05-02T09:00:00Z")])
    land(storage, day(4))
    assert affected(storage) == [(COMPARED, [day(1)]), (EVERY_TABLE, [day(2)]), (COMPARED, [day(3)])]


@pytest.mark.usefixtures("three_days")
def test_a_conversation_that_moves_affects_the_day_that_it_began_on_before(
    storage: Storage, landing: Landing
) -> None:
    landing.write("persona", "2026-05-04", [prompt("late", "2026-05-01T09:00:00Z", conversationId="c")])
    land(storage, day(4))
    assert affected(storage) == [(EVERY_TABLE, [day(1)]), (COMPARED, [day(2)])]
    PlainRunner(storage).compute(EVERY_TABLE, [day(1)])
    PlainRunner(storage).compute(COMPARED, [day(2)])
    # The third day had no start of it, and has none now; that shows only when it is looked at again.
    assert affected(storage) == [(MOVED, [day(2), day(3)])]


@pytest.mark.usefixtures("three_days")
def test_a_duplicate_affects_its_day_and_the_comparison_of_days_nearby(storage: Storage, landing: Landing) -> None:
    landing.write("persona", "2026-05-04", [prompt("e2", "2026-05-02T08:00:00Z", conversationId="c")])
    land(storage, day(4))
    assert affected(storage) == [(COMPARED, [day(1)]), (EVERY_TABLE, [day(2)]), (COMPARED, [day(3)])]


def test_consecutive_days_are_one_run_and_others_another(storage: Storage, landing: Landing) -> None:
    times = [f"2026-05-0{number}T08:00:00Z" for number in (1, 2, 4)]
    landing.write("persona", "2026-05-04", [prompt(f"e{time}", time) for time in times])
    land(storage, day(4))
    assert affected(storage) == [(EVERY_TABLE, [day(1), day(2)]), (EVERY_TABLE, [day(4)])]
    assert affected(storage, day(1)) == [(EVERY_TABLE, [day(2)]), (EVERY_TABLE, [day(4)])]


def test_a_day_that_failed_goes_alone(storage: Storage, landing: Landing) -> None:
    times = [f"2026-05-0{number}T08:00:00Z" for number in (1, 2, 3)]
    landing.write("persona", "2026-05-04", [prompt(f"e{time}", time) for time in times])
    land(storage, day(4))
    with storage.warehouse.begin() as connection:
        state.mark_writing(connection, DAILY_TABLES[0].name, [day(2)], "a run that failed")
    assert [days for _, days in affected(storage)] == [[day(1)], [day(2)], [day(3)]]


@pytest.mark.usefixtures("three_days")
def test_work_has_another_digest_when_its_inputs_have(storage: Storage, landing: Landing) -> None:
    file = landing.write("persona", "2026-05-04", [prompt("late", "2026-05-02T09:00:00Z")])
    land(storage, day(4))
    (before,) = affected_work(storage, (day(1), day(3)))
    assert affected_work(storage, (day(1), day(3))) == [before]
    file.write_text(file.read_text().replace("100", "101"))
    land(storage, day(4))
    (after,) = affected_work(storage, (day(1), day(3)))
    assert (after.tables, after.days) == (before.tables, before.days)
    assert after.digest != before.digest
