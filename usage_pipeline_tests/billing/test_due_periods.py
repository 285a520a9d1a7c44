"""A period closes by itself once its last day is final, unless something blocks it."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from threading import Thread

import pytest
from sqlalchemy import Connection, event, func, select, text

from usage_pipeline.billing.closing import ClosedPeriod, Closing, close, closed_of
from usage_pipeline.billing.due_periods import close_due, due_periods
from usage_pipeline.billing.statements import read_statement
from usage_pipeline.billing.tables import CLOSED_COSTS
from usage_pipeline.pipeline.refresh import PlainRunner, RefreshSummary, refresh
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import usage_versions, warehouse_table
from usage_pipeline_tests.conftest import Prepare
from usage_pipeline_tests.costs.generic import call, price, write_format, write_prices
from usage_pipeline_tests.support import Landing, at
from usage_pipeline_tests.waiting import wait_for_waiting

closed_costs = warehouse_table(CLOSED_COSTS)

ADJUSTING = "adjusting: {retention_days: null, late_usage: next_period}\ndefault: adjusting\n"
MARCH = ("2026-03-01", "2026-03-31")
APRIL = ("2026-04-01", "2026-04-30")


def use(storage: Storage) -> Storage:
    """Ten tokens of acme in March and five of globex in April, all landed on 30 April."""
    (storage.settings.reference / "plans.yaml").write_text(ADJUSTING)
    write_prices(storage.settings.reference, price("one", 'input: "1"'))
    march, april = "2026-03-10T08:00:00Z", "2026-04-10T08:00:00Z"
    landing = Landing(storage.settings.landing)
    landing.write("calls", "2026-04-30", [call("a", march, tokens_in=10)], tenant="acme")
    landing.write("calls", "2026-04-30", [call("b", april, "globex", tokens_in=5)], tenant="globex")
    return storage


@pytest.fixture
def used(storage: Storage, prepare: Prepare) -> Storage:
    """A storage with that usage, landed and computed on 1 May without closing anything."""
    use(storage)
    prepare("used", lambda: run_on(by_hand(storage), 5, 1))
    return storage


@pytest.fixture
def delivered(storage: Storage) -> Storage:
    """A storage with that usage, which nothing has landed yet."""
    return use(storage)


@dataclass(frozen=True)
class Run:
    """A storage after a run on 4 May, and what that did."""

    storage: Storage
    summary: RefreshSummary


@pytest.fixture(scope="module")
def ran(open_shared: Callable[..., Storage], tmp_path_factory: pytest.TempPathFactory) -> Run:
    """For tests that change nothing."""
    folder = tmp_path_factory.mktemp("ran")
    (folder / "reference").mkdir()
    storage = use(open_shared(formats_dir=write_format(folder / "formats"), reference_dir=folder / "reference"))
    return Run(storage, run_on(storage, 5, 4))


def run_on(storage: Storage, month: int, day: int, hour: int = 0) -> RefreshSummary:
    then = on(storage, month, day, hour)
    return refresh(then, PlainRunner(then))


def by_hand(storage: Storage) -> Storage:
    """The same storage, on which nothing closes by itself."""
    return replace(storage, settings=storage.settings.model_copy(update={"automatic_closing": False}))


def on(storage: Storage, month: int, day: int, hour: int = 0) -> Storage:
    return at(storage, datetime(2026, month, day, hour, tzinfo=UTC))


def spans(closings: list[ClosedPeriod]) -> list[tuple[str, str, str]]:
    return [(entry.tenant_id, str(entry.first_day), str(entry.last_day)) for entry in closings]


def closed(storage: Storage, tenant: str = "acme") -> list[tuple[str, str, str]]:
    with storage.warehouse.connect() as connection:
        return spans(closed_of(connection, tenant))


def anchored_on(storage: Storage, day: int) -> None:
    (storage.settings.reference / "tenants.yaml").write_text(f"acme: {{billing_anchor_day: {day}}}\n")


def test_a_run_closes_what_is_due_from_each_tenants_first_usage_on(ran: Run) -> None:
    assert spans(ran.summary.closings) == [("acme", *MARCH), ("acme", *APRIL), ("globex", *APRIL)]


def test_a_closing_says_by_whom_and_why(ran: Run) -> None:
    first, *_ = ran.summary.closings
    assert (first.by, first.reason, first.forced) == (
        "usage-pipeline",
        "due: its last day, 2026-03-31, is final",
        False,
    )


def test_a_closing_by_itself_keeps_the_rows(ran: Run) -> None:
    with ran.storage.warehouse.connect() as connection:
        rows = connection.execute(
            select(closed_costs.c.tenant_id, closed_costs.c.day, closed_costs.c.amount).order_by(
                closed_costs.c.day
            )
        ).all()
    assert rows == [("acme", date(2026, 3, 10), 10), ("globex", date(2026, 4, 10), 5)]


def test_a_closing_by_itself_has_the_digest_of_one_by_hand(used: Storage) -> None:
    by_itself, *_ = run_on(used, 5, 4).closings
    with used.warehouse.begin() as connection:
        connection.exec_driver_sql("TRUNCATE usage.closed_periods, usage.closed_costs")
    assert close(on(used, 5, 4), "acme", date(2026, 3, 1), Closing("ann")).digest == by_itself.digest


def test_a_period_is_due_when_its_last_day_is_final_and_not_before(used: Storage) -> None:
    run_on(used, 5, 3, hour=23)
    assert closed(used) == [("acme", *MARCH)]
    run_on(used, 5, 4)
    assert closed(used) == [("acme", *MARCH), ("acme", *APRIL)]


def test_what_is_closed_is_not_closed_again(ran: Run) -> None:
    assert run_on(ran.storage, 5, 5).closings == []


def test_a_month_without_usage_closes_too(used: Storage, landing: Landing) -> None:
    for day in range(1, 32):
        landing.write("calls", f"2026-05-{day:02d}", [])
    run_on(used, 6, 4)
    assert closed(used, "globex") == [("globex", *APRIL), ("globex", "2026-05-01", "2026-05-31")]


def test_late_usage_of_a_month_that_closed_without_any_is_an_adjustment(used: Storage, landing: Landing) -> None:
    run_on(used, 5, 4)
    landing.write("calls", "2026-05-04", [call("late", "2026-04-20T08:00:00Z", tokens_in=3)], tenant="acme")
    run_on(used, 5, 5)
    totals = [read_statement(used, "acme", date(2026, month, 1)).total for month in (3, 4, 5)]
    assert totals == [10, 0, 3]


def test_days_before_the_calendar_hold_nothing_open(used: Storage) -> None:
    begun = replace(used, settings=used.settings.model_copy(update={"first_day": date(2026, 3, 5)}))
    run_on(begun, 5, 4)
    assert closed(used) == [("acme", *MARCH), ("acme", *APRIL)]


def test_a_quarantined_file_holds_its_period_open_and_no_other(used: Storage, landing: Landing) -> None:
    landing.write("calls", "2026-04-30", ["no JSON"] * 100, name="broken.jsonl")
    run_on(used, 5, 4)
    assert closed(used) == [("acme", *MARCH)]


def half(day: str) -> bytes:
    """A file that is quarantined: 60 lines of a day, and 60 that are none."""
    return b"".join(json.dumps(call(str(one), f"{day}T01:00:00Z")).encode() + b"\nno JSON\n" for one in range(60))


@pytest.mark.parametrize(
    ("landed", "content", "held_by"),
    [
        pytest.param("2026-05-01", half("2026-04-30"), "quarantined", id="lines of April, a day late"),
        pytest.param("2026-05-01", half("2026-05-01"), None, id="lines of May"),
        pytest.param("2026-05-03", b"no JSON\n" * 100, "quarantined", id="no good line in time"),
        pytest.param("2026-05-04", b"no JSON\n" * 100, None, id="no good line when April was final"),
        pytest.param("2026-05-03", b"\xff\xfe\x00", "failed", id="unreadable in time"),
        pytest.param("2026-05-04", b"\xff\xfe\x00", None, id="unreadable when April was final"),
    ],
)
def test_a_bad_file_holds_open_what_it_has_lines_of_and_if_it_has_none_what_was_not_final(
    used: Storage, landing: Landing, landed: str, content: bytes, held_by: str | None
) -> None:
    landing.write_bytes("calls", landed, content, name="broken.jsonl")
    run_on(used, 5, 5)
    blocked = [due.blocked_by for due in due_periods(on(used, 5, 5))]
    assert blocked == ([(f"calls/{landed}/broken.jsonl is {held_by}",)] if held_by else [])
    assert closed(used) == [("acme", *MARCH), ("acme", *APRIL)][: 1 if held_by else 2]


@pytest.mark.parametrize(("content", "periods"), [(b"no JSON\n" * 100, 1), (b"\xff\xfe\x00", 2)])
def test_a_bad_file_that_is_gone_holds_its_period_open_if_it_can_still_be_released(
    used: Storage, landing: Landing, content: bytes, periods: int
) -> None:
    broken = landing.write_bytes("calls", "2026-04-30", content, name="broken.jsonl")
    run_on(by_hand(used), 5, 1)
    broken.unlink()
    run_on(used, 5, 4)
    assert closed(used) == [("acme", *MARCH), ("acme", *APRIL)][:periods]


def test_what_holds_a_due_period_open_is_told_with_its_tenants(used: Storage, landing: Landing) -> None:
    landing.write("calls", "2026-04-30", ["no JSON"] * 100, name="broken.jsonl")
    run_on(used, 5, 4)
    (held,) = due_periods(on(used, 5, 4))
    assert (held.period.name, held.tenants) == ("2026-04", ("acme", "globex"))
    assert held.blocked_by == ("calls/2026-04-30/broken.jsonl is quarantined",)


def test_a_period_that_was_held_open_closes_when_nothing_holds_it_any_more(
    used: Storage, landing: Landing
) -> None:
    broken = landing.write("calls", "2026-04-30", ["no JSON"] * 100, name="broken.jsonl")
    run_on(used, 5, 4)
    broken.write_text("")
    assert spans(run_on(used, 5, 5).closings) == [("acme", *APRIL), ("globex", *APRIL)]


def test_an_open_period_before_a_closed_one_is_due_as_well(used: Storage) -> None:
    run_on(by_hand(used), 5, 4)
    close(on(used, 5, 4), "acme", date(2026, 4, 1), Closing("ann", "in a hurry", forced=True))
    assert spans(close_due(on(used, 5, 4))) == [("acme", *MARCH), ("globex", *APRIL)]


def test_with_automatic_closing_off_nothing_closes_by_itself(used: Storage) -> None:
    assert run_on(by_hand(used), 5, 4).closings == []
    assert closed(used) == []


def test_a_changed_anchor_day_freezes_no_day_twice(delivered: Storage, landing: Landing) -> None:
    run_on(delivered, 4, 4)
    run_on(delivered, 5, 4)
    for day in range(1, 32):
        landing.write("calls", f"2026-05-{day:02d}", [])
    anchored_on(delivered, 15)
    run_on(delivered, 5, 20)
    run_on(delivered, 6, 20)
    assert closed(delivered) == [("acme", *MARCH), ("acme", *APRIL)]
    for day in range(1, 18):
        landing.write("calls", f"2026-06-{day:02d}", [])
    run_on(delivered, 6, 20)
    assert closed(delivered)[2:] == [("acme", "2026-05-01", "2026-06-14")]


def test_an_anchor_day_moved_back_shortens_the_first_open_period(used: Storage) -> None:
    anchored_on(used, 15)
    run_on(used, 5, 1)
    assert closed(used) == [("acme", "2026-02-15", "2026-03-14"), ("acme", "2026-03-15", "2026-04-14")]
    anchored_on(used, 1)
    run_on(used, 5, 4)
    assert closed(used)[2:] == [("acme", "2026-04-15", "2026-04-30")]


def test_where_nothing_is_due_one_query_says_so(ran: Run) -> None:
    statements: list[str] = []

    def note(_: Connection, __: object, statement: str, *___: object) -> None:
        statements.append(statement)

    event.listen(ran.storage.warehouse, "before_cursor_execute", note)
    assert due_periods(on(ran.storage, 5, 5)) == []
    event.remove(ran.storage.warehouse, "before_cursor_execute", note)
    assert len(statements) == 1


def test_a_closing_waits_for_a_version_that_is_being_committed(used: Storage) -> None:
    run_on(by_hand(used), 5, 4)
    closings: list[ClosedPeriod] = []
    thread = Thread(target=lambda: closings.extend(close_due(on(used, 5, 4))))
    with used.warehouse.begin() as connection:
        connection.execute(usage_versions.insert().from_select(*_copy_of_the_last_version()))
        thread.start()
        wait_for_waiting(used, 1, [thread])
        last = connection.execute(select(func.max(usage_versions.c.id))).scalar_one()
    thread.join()
    assert {entry.last_change for entry in closings} == {last}


def _copy_of_the_last_version() -> tuple[list[str], object]:
    columns = [column for column in usage_versions.c if column.name != "id"]
    last = select(*columns).order_by(usage_versions.c.id.desc()).limit(1)
    return [column.name for column in columns], last


def test_of_two_closings_at_once_one_closes(used: Storage) -> None:
    run_on(by_hand(used), 5, 4)
    closings: list[ClosedPeriod] = []
    threads = [Thread(target=lambda: closings.extend(close_due(on(used, 5, 4)))) for _ in range(2)]
    with used.warehouse.begin() as connection:
        connection.execute(text(f"LOCK TABLE {usage_versions.fullname} IN SHARE ROW EXCLUSIVE MODE"))
        for thread in threads:
            thread.start()
        wait_for_waiting(used, 2, threads)
    for thread in threads:
        thread.join()
    assert sorted(spans(closings)) == [("acme", *MARCH), ("acme", *APRIL), ("globex", *APRIL)]
