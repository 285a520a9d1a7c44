"""The numbers that other metering systems publish in their own tests."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from usage_pipeline.metrics.buckets import Interval
from usage_pipeline.metrics.queries import IntervalQuery
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.series.reading import Run, day, intervals, tokens, usage
from usage_pipeline_tests.support import Landing, prompt


def units(record_id: str, time: str, count: int, **fields: str) -> dict[str, object]:
    """So many units, as tokens."""
    return prompt(record_id, time, tokensIn=count, tokensOut=0, **fields)


@pytest.fixture(scope="module")
def windows(computed: Callable[..., Storage]) -> Storage:
    """OpenMeter: five subjects, each with 100 at 00:00, a minute, an hour and a day later."""
    times = ("2026-05-01T00:00:00Z", "2026-05-01T00:01:00Z", "2026-05-01T01:00:00Z", "2026-05-02T00:00:00Z")
    subjects = [f"subject {number}" for number in range(1, 6)]
    lines = [units(f"{subject} {time}", time, 100, userId=subject) for subject in subjects for time in times]
    return computed({("persona", "2026-05-02"): lines})


def test_windows_total(windows: Storage) -> None:
    assert usage(windows, "tokens_total") == [(2000,)]


def test_windows_by_day(windows: Storage) -> None:
    days = (day("2026-05-01"), day("2026-05-02"))
    assert usage(windows, "tokens_total", days=days, group_by=("day",)) == [
        (day("2026-05-01"), 1500),
        (day("2026-05-02"), 500),
    ]


def test_windows_by_hour(windows: Storage) -> None:
    hours = IntervalQuery(day("2026-05-01"), day("2026-05-02"), interval=Interval.HOUR, metrics=("tokens_total",))
    assert [row for row in intervals(windows, hours) if row[1]] == [
        ("2026-05-01T00:00:00+00:00", 1000),
        ("2026-05-01T01:00:00+00:00", 500),
        ("2026-05-02T00:00:00+00:00", 500),
    ]


def test_windows_by_subject(windows: Storage) -> None:
    by_subject = dict(usage(windows, "tokens_total", group_by=("member_id",)))
    assert (by_subject["subject 1"], by_subject["subject 2"]) == (400, 400)
    assert usage(windows, "tokens_total", where=(("member_id", "subject 1"),)) == [(400,)]


@pytest.fixture(scope="module")
def day_boundary(computed: Callable[..., Storage]) -> Storage:
    """Lago: 3 units at noon of 4 January, and 7 at 18:31 UTC of 5 January, which is 6 January in India."""
    lines = [units("a", "2025-01-04T12:00:00Z", 3), units("b", "2025-01-06T00:01:00+05:30", 7)]
    return computed({("persona", "2025-01-06"): lines})


def test_day_boundary_in_utc(day_boundary: Storage) -> None:
    days = (day("2025-01-04"), day("2025-01-06"))
    assert usage(day_boundary, "tokens_total", days=days, group_by=("day",)) == [
        (day("2025-01-04"), 3),
        (day("2025-01-05"), 7),
        (day("2025-01-06"), 0),
    ]


def test_day_boundary_in_india(day_boundary: Storage) -> None:
    query = IntervalQuery(
        day("2025-01-04"), day("2025-01-06"), time_zone="Asia/Kolkata", metrics=("tokens_total",)
    )
    assert intervals(day_boundary, query) == [
        ("2025-01-04T00:00:00+05:30", 3),
        ("2025-01-05T00:00:00+05:30", 0),
        ("2025-01-06T00:00:00+05:30", 7),
    ]


def test_daily_fill(storage: Storage, landing: Landing, run: Run) -> None:
    """Lago: one unit a day at 11:01 UTC from 18 March to 18 April 2025; periods begin on the 18th."""
    days = [day("2025-03-18") + timedelta(days=offset) for offset in range(32)]
    landing.write("persona", "2025-04-18", [units(f"e{number}", f"{number}T11:01:00Z", 1) for number in days])
    run()
    assert tokens(storage, "2025-03-18", "2025-04-18") == [1] * 32
    periods = [*(day("2025-03-18") for _ in range(31)), day("2025-04-18")]
    running = [usage(storage, "tokens_total", days=span)[0][0] for span in zip(periods, days, strict=True)]
    assert running == [*range(1, 32), 1]


def test_late_event(storage: Storage, landing: Landing, run: Run) -> None:
    """Lago: what happened on 7 January and arrived on 9 January belongs to 7 January."""
    landing.write("persona", "2026-01-05", [units("a", "2026-01-05T12:00:00Z", 10)])
    for quiet in ("2026-01-06", "2026-01-07"):
        landing.write("persona", quiet, [])
    landing.write("persona", "2026-01-08", [units("b", "2026-01-08T12:00:00Z", 5)])
    run()
    assert tokens(storage, "2026-01-05", "2026-01-08") == [10, 0, 0, 5]
    landing.write(
        "persona", "2026-01-09", [units("c", "2026-01-07T12:00:00Z", 3), units("d", "2026-01-09T00:20:00Z", 7)]
    )
    run()
    assert tokens(storage, "2026-01-05", "2026-01-09") == [10, 0, 3, 5, 7]
