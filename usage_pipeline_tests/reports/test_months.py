"""Which monthly reports are due: those of a month that has closed, and those whose numbers changed, once."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from threading import Thread

import pytest
from sqlalchemy import text

from usage_pipeline.costs.tables import TENANT_COSTS
from usage_pipeline.reports.batch import TenantId
from usage_pipeline.reports.months import due_reports, write_month
from usage_pipeline.reports.scope import last_closed_month
from usage_pipeline.reports.written import Seen, seen_now
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.versions import begin_changes
from usage_pipeline_tests.reports.conftest import GROUPS, write_and_compute
from usage_pipeline_tests.support import Landing, land_and_compute, prompt
from usage_pipeline_tests.waiting import wait_for_waiting

_MAY = date(2026, 5, 1)
_JUNE_5 = datetime(2026, 6, 5, tzinfo=UTC)

_CHANGE_AGAIN = text(
    "INSERT INTO usage.usage_versions (table_name, day, version, tenant_id, quantity, cause, committed_at) "
    "SELECT table_name, day, version, tenant_id, quantity, cause, committed_at FROM usage.usage_versions "
    "WHERE id = :id RETURNING id"
)

Due = dict[date, list[TenantId]]


@dataclass(frozen=True)
class Course:
    """What was due at each step, and what the reports were."""

    open: Due
    closed: Due
    written: Due
    backfilled: Due
    changed: Due
    corrected: dict[TenantId, str]
    current: Due


@pytest.fixture(scope="module")
def course(open_filled: Callable[..., Storage]) -> Course:
    """May closes and its reports are written; then January is backfilled, and then usage of May comes late."""
    storage = open_filled(write_and_compute, now=_JUNE_5)
    landing = Landing(storage.settings.landing)

    def land(day: str, time: str) -> Due:
        landing.write("persona", day, [prompt(day, time)])
        land_and_compute(storage, *GROUPS)
        return due_reports(storage)

    def write(due: Due) -> dict[TenantId, str]:
        reports = write_month(storage, _MAY, due[_MAY], ("json",))
        return {report.report.scope.tenant_id: report.edition.in_words for report in reports}

    in_may = replace(storage, settings=storage.settings.model_copy(update={"now": _JUNE_5.replace(day=3)}))
    opened, closed = due_reports(in_may), due_reports(storage)
    write(closed)
    written = due_reports(storage)
    later = storage.settings.model_copy(update={"now": _JUNE_5.replace(hour=1)})
    storage = replace(storage, settings=later)
    backfilled = land("2026-06-02", "2026-04-02T09:00:00Z")
    changed = land("2026-06-03", "2026-05-20T09:00:00Z")
    return Course(opened, closed, written, backfilled, changed, write(changed), due_reports(storage))


def test_nothing_is_due_while_a_day_of_the_month_is_not_final(course: Course) -> None:
    assert course.open == {}


def test_a_closed_month_is_due_of_each_tenant_with_usage_and_of_all_together(course: Course) -> None:
    assert course.closed == {_MAY: [None, "acme", "globex"]}


def test_what_is_written_is_not_due(course: Course) -> None:
    assert course.written == {}


def test_a_backfill_of_an_earlier_month_makes_nothing_due(course: Course) -> None:
    assert course.backfilled == {}


def test_a_changed_month_is_due_of_those_whose_numbers_changed(course: Course) -> None:
    assert course.changed == {_MAY: [None, "acme"]}


def test_it_is_written_as_a_correction_once(course: Course) -> None:
    assert course.corrected == {None: "2, final, corrected", "acme": "2, final, corrected"}
    assert course.current == {}


@pytest.mark.parametrize(("day", "month"), [(3, date(2026, 4, 1)), (4, _MAY), (30, _MAY)])
def test_a_month_is_closed_when_its_last_day_is_final(used: Storage, day: int, month: date) -> None:
    clock = used.settings.model_copy(update={"now": datetime(2026, 6, day, tzinfo=UTC)}).clock
    assert last_closed_month(clock) == month


def test_a_change_at_the_time_at_which_a_report_was_written_makes_it_due(
    open_filled: Callable[..., Storage],
) -> None:
    """The numbers were read before: a change that came between them and the end of writing is not in the files."""
    storage = open_filled(write_and_compute, now=_JUNE_5)
    list(write_month(storage, _MAY, due_reports(storage)[_MAY], ("json",)))
    line = prompt("meanwhile", "2026-05-20T09:00:00Z")
    Landing(storage.settings.landing).write("persona", "2026-06-03", [line])
    land_and_compute(storage, *GROUPS)
    assert due_reports(storage) == {_MAY: [None, "acme"]}


def test_a_report_waits_for_a_change_that_is_being_committed(open_filled: Callable[..., Storage]) -> None:
    """Its id may be below that of one that was committed already."""
    storage, seen = open_filled(write_and_compute, now=_JUNE_5), list[Seen]()
    before = seen_now(storage)
    reader = Thread(target=lambda: seen.append(seen_now(storage)))
    with storage.warehouse.begin() as connection:
        begin_changes(connection, TENANT_COSTS)
        change = connection.execute(_CHANGE_AGAIN, {"id": before.last_change}).scalar_one()
        reader.start()
        wait_for_waiting(storage, 1, [reader])
        assert seen == []
    reader.join()
    assert [found.last_change for found in seen] == [change]
