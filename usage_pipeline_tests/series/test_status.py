"""How far a day can be trusted, by a clock that the tests set."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from usage_pipeline.metrics.queries import SeriesQuery
from usage_pipeline.metrics.read import read
from usage_pipeline.series.status import DayReader, DayStatus
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.conftest import Prepare
from usage_pipeline_tests.series.reading import status, tokens, usage
from usage_pipeline_tests.support import Landing, land_and_compute, prompt

RunAt = Callable[[datetime], object]


def at(day: int, hour: int = 0, minute: int = 0) -> datetime:
    """A time in May 2026."""
    return datetime(2026, 5, day, hour, minute, tzinfo=UTC)


@pytest.fixture
def run_at(storage: Storage) -> RunAt:
    """Lands and computes, at some time, what says how far a day can be trusted: the series and what they read."""

    def run(now: datetime) -> object:
        then = replace(storage, settings=storage.settings.model_copy(update={"now": now}))
        return land_and_compute(then, "records", "rollups", "series")

    return run


@pytest.fixture
def first_of_may(landing: Landing, run_at: RunAt, prepare: Prepare) -> None:
    """1 May, landed an hour after it ended."""
    landing.write("persona", "2026-05-01", [prompt("e1", "2026-05-01T08:00:00Z")])
    prepare("first_of_may", lambda: run_at(at(2, 1)))


def test_without_any_landing_a_day_is_missing(storage: Storage) -> None:
    assert status(storage, at(9), "2026-05-01").status == DayStatus.MISSING


@pytest.mark.usefixtures("first_of_may")
@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (at(2, 1), DayStatus.PROVISIONAL),
        (at(4, 23, 59), DayStatus.PROVISIONAL),
        (at(5), DayStatus.FINAL),
        (at(31), DayStatus.FINAL),
    ],
)
def test_a_day_is_provisional_for_three_days_and_then_final(
    storage: Storage, now: datetime, expected: DayStatus
) -> None:
    assert status(storage, now, "2026-05-01").status == expected


def test_a_day_that_landed_before_it_ended_is_missing(storage: Storage, landing: Landing, run_at: RunAt) -> None:
    landing.write("persona", "2026-05-01", [prompt("e1", "2026-05-01T08:00:00Z")])
    run_at(at(1, 12))
    assert status(storage, at(9), "2026-05-01").status == DayStatus.MISSING


def test_it_stops_missing_when_a_later_day_lands_after_it_ended(
    storage: Storage, landing: Landing, run_at: RunAt
) -> None:
    landing.write("persona", "2026-05-01", [prompt("e1", "2026-05-01T08:00:00Z")])
    run_at(at(1, 12))
    landing.write("persona", "2026-05-02", [])
    run_at(at(2, 12))
    assert status(storage, at(2, 12), "2026-05-01").status == DayStatus.PROVISIONAL


def test_a_day_without_a_landing_folder_or_a_record_is_missing(
    storage: Storage, landing: Landing, run_at: RunAt
) -> None:
    for day in ("2026-05-01", "2026-05-03"):
        landing.write("persona", day, [prompt("e1", f"{day}T08:00:00Z")])
    run_at(at(9))
    found = [status(storage, at(9), day).status for day in ("2026-05-01", "2026-05-02", "2026-05-03")]
    assert found == [DayStatus.FINAL, DayStatus.MISSING, DayStatus.FINAL]


@pytest.mark.parametrize("tenant", ["acme", "zeta"])
def test_a_record_of_any_tenant_ends_an_outage(
    storage: Storage, landing: Landing, run_at: RunAt, tenant: str
) -> None:
    landing.write("persona", "2026-05-01", [])
    landing.write("persona", "2026-05-03", [prompt("e1", "2026-05-02T08:00:00Z", tenantId=tenant)])
    run_at(at(9))
    assert status(storage, at(9), "2026-05-02").status == DayStatus.FINAL


def test_days_before_the_first_landing_folder_are_not_missing(
    storage: Storage, landing: Landing, run_at: RunAt
) -> None:
    landing.write("persona", "2026-05-03", [prompt("e1", "2026-05-01T08:00:00Z")])
    run_at(at(9))
    assert status(storage, at(9), "2026-05-02").status == DayStatus.FINAL


@pytest.mark.usefixtures("first_of_may")
def test_a_day_after_the_last_landing_is_missing(storage: Storage) -> None:
    assert status(storage, at(9), "2026-05-02").status == DayStatus.MISSING


@pytest.mark.usefixtures("first_of_may")
def test_a_final_day_that_changes_is_restated(storage: Storage, landing: Landing, run_at: RunAt) -> None:
    landing.write("persona", "2026-05-06", [prompt("e2", "2026-05-01T09:00:00Z")])
    run_at(at(7))
    found = status(storage, at(7), "2026-05-01")
    assert (found.status, found.version, found.late_records) == (DayStatus.RESTATED, 2, 1)


@pytest.mark.usefixtures("first_of_may")
def test_a_day_that_changes_before_it_is_final_is_not_restated(
    storage: Storage, landing: Landing, run_at: RunAt
) -> None:
    landing.write("persona", "2026-05-02", [prompt("e2", "2026-05-01T09:00:00Z")])
    run_at(at(3))
    found = status(storage, at(9), "2026-05-01")
    assert (found.status, found.version) == (DayStatus.FINAL, 2)


@pytest.mark.usefixtures("first_of_may")
def test_a_duplicate_restates_nothing(storage: Storage, landing: Landing, run_at: RunAt) -> None:
    landing.write("persona", "2026-05-06", [prompt("e1", "2026-05-01T08:00:00Z")])
    run_at(at(7))
    found = status(storage, at(7), "2026-05-01")
    assert (found.status, found.version, found.duplicates) == (DayStatus.FINAL, 1, 1)


def test_a_first_computation_however_late_restates_nothing(
    storage: Storage, landing: Landing, run_at: RunAt
) -> None:
    landing.write("persona", "2026-05-01", [prompt("e1", "2026-05-01T08:00:00Z")])
    run_at(at(20))
    found = status(storage, at(20), "2026-05-01")
    assert (found.status, found.version) == (DayStatus.FINAL, 1)


@pytest.mark.usefixtures("first_of_may")
def test_what_no_series_shows_is_no_new_version(storage: Storage, landing: Landing, run_at: RunAt) -> None:
    event = {"id": "e2", "event": "persona_list", "timestamp": "2026-05-01T09:00:00Z", "tenantId": "acme"}
    landing.write("persona", "2026-05-06", [event])
    run_at(at(7))
    found = status(storage, at(7), "2026-05-01")
    assert (found.status, found.version, found.records) == (DayStatus.FINAL, 1, 2)


@pytest.mark.usefixtures("first_of_may")
def test_a_day_before_the_calendar_is_missing(storage: Storage) -> None:
    day = storage.settings.first_day - timedelta(days=1)
    with storage.warehouse.connect() as connection:
        (found,) = DayReader(storage, connection).read(day, day)
    assert found.status is DayStatus.MISSING


@pytest.mark.usefixtures("first_of_may")
def test_the_last_day_that_a_date_can_be_is_missing(storage: Storage) -> None:
    assert status(storage, at(9), "9999-12-31").status is DayStatus.MISSING


@pytest.mark.usefixtures("first_of_may")
def test_the_missing_days_of_a_range_are_told(storage: Storage) -> None:
    with storage.warehouse.connect() as connection:
        days = DayReader(storage, connection).read(date(2026, 4, 30), date(2026, 5, 3))
    missing = [entry.day for entry in days if entry.status is DayStatus.MISSING]
    assert missing == [date(2026, 5, 2), date(2026, 5, 3)]


@pytest.mark.parametrize(
    "lines",
    [["no JSON"], ["no JSON"] * 100],
    ids=["all lines rejected", "quarantined"],
)
@pytest.mark.usefixtures("first_of_may")
def test_a_day_whose_only_file_cannot_be_used_is_missing(
    storage: Storage, landing: Landing, run_at: RunAt, lines: list[str]
) -> None:
    landing.write("persona", "2026-05-02", lines)
    landing.write("persona", "2026-05-03", [prompt("e3", "2026-05-03T08:00:00Z")])
    run_at(at(9))
    assert status(storage, at(9), "2026-05-02").status == DayStatus.MISSING


@pytest.mark.usefixtures("first_of_may")
def test_a_day_whose_only_file_failed_is_missing_until_it_is_delivered_whole(
    storage: Storage, landing: Landing, run_at: RunAt
) -> None:
    landing.write_bytes("persona", "2026-05-02", b"\xff\xfe\x00", name="events.jsonl")
    run_at(at(9))
    assert status(storage, at(9), "2026-05-02").status == DayStatus.MISSING
    landing.write("persona", "2026-05-02", [])
    run_at(at(9))
    assert status(storage, at(9), "2026-05-02").status == DayStatus.FINAL


@pytest.mark.usefixtures("first_of_may")
def test_a_day_with_a_usable_file_among_others_is_not_missing(
    storage: Storage, landing: Landing, run_at: RunAt
) -> None:
    landing.write("persona", "2026-05-02", ["no JSON"] * 100, name="bad.jsonl")
    landing.write("persona", "2026-05-02", [], name="empty.jsonl")
    run_at(at(9))
    assert status(storage, at(9), "2026-05-02").status == DayStatus.FINAL


def test_a_day_that_has_landed_and_was_never_computed_is_missing(storage: Storage, landing: Landing) -> None:
    landing.write("persona", "2026-05-01", [prompt("e1", "2026-05-01T08:00:00Z")])
    landing.write("persona", "2026-05-02", [])
    then = replace(storage, settings=storage.settings.model_copy(update={"now": at(9)}))
    land_and_compute(then, "records")
    assert [status(storage, at(9), f"2026-05-0{day}").status for day in (1, 2)] == [
        DayStatus.MISSING,
        DayStatus.FINAL,
    ]
    assert tokens(then, "2026-05-01", "2026-05-02") == [None, 0]
    land_and_compute(then, "message_series")
    found = read(then, SeriesQuery(date(2026, 5, 1), date(2026, 5, 1), metrics=("messages",)))
    assert (found.rows, found.missing) == ([{"day": date(2026, 5, 1), "messages": 2}], [])
    assert tokens(then, "2026-05-01", "2026-05-02") == [None, 0]


def test_usage_of_a_day_that_has_landed_and_was_never_computed_is_null(storage: Storage, landing: Landing) -> None:
    landing.write("persona", "2026-05-01", [prompt("e1", "2026-05-01T08:00:00Z")])
    landing.write("persona", "2026-05-02", [])
    then = replace(storage, settings=storage.settings.model_copy(update={"now": at(9)}))
    land_and_compute(then, "records")
    assert usage(then, "records", group_by=("day",))[:2] == [(date(2026, 5, 1), None), (date(2026, 5, 2), 0)]
