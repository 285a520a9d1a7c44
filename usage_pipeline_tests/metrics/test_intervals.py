"""Usage by intervals of local days: every interval has a row, what is missing is null, nothing is lost."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as checked
from hypothesis import strategies as st

from usage_pipeline.errors import PartitionError, QueryError
from usage_pipeline.metrics.buckets import Interval
from usage_pipeline.metrics.queries import IntervalQuery
from usage_pipeline.metrics.read import read
from usage_pipeline.series.tables import USAGE_QUARTER_HOURS
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.series.generic import line
from usage_pipeline_tests.series.reading import Run, day, intervals
from usage_pipeline_tests.support import Landing

DAY, HOUR, QUARTER = Interval.DAY, Interval.HOUR, Interval.QUARTER
BERLIN, KOLKATA = "Europe/Berlin", "Asia/Kolkata"


def query(first: str, last: str, interval: Interval, zone: str = "UTC", **rest: Any) -> IntervalQuery:
    return IntervalQuery(
        day(first), day(last), interval=interval, time_zone=zone, **{"metrics": ("records",), **rest}
    )


def land(landing: Landing, landing_day: str, *times: str) -> None:
    """One event at each time."""
    landing.write("generic", landing_day, [line(time, "event", time) for time in times])


def filled(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [row for row in rows if row[-1] != 0]


def test_each_interval_of_the_range_has_a_row(storage: Storage, landing: Landing, run: Run) -> None:
    land(landing, "2026-05-02", "2026-05-01T08:59:59.999999Z", "2026-05-01T09:00:00Z")
    run()
    rows = intervals(storage, query("2026-05-01", "2026-05-02", HOUR))
    assert len(rows) == 48
    assert filled(rows) == [("2026-05-01T08:00:00+00:00", 1), ("2026-05-01T09:00:00+00:00", 1)]


def test_quarter_hours(storage: Storage, landing: Landing, run: Run) -> None:
    land(landing, "2026-05-02", "2026-05-01T08:14:59.999999Z", "2026-05-01T08:15:00Z", "2026-05-01T23:59:59Z")
    run()
    rows = intervals(storage, query("2026-05-01", "2026-05-01", QUARTER))
    assert len(rows) == 96
    assert filled(rows) == [
        ("2026-05-01T08:00:00+00:00", 1),
        ("2026-05-01T08:15:00+00:00", 1),
        ("2026-05-01T23:45:00+00:00", 1),
    ]


def test_the_two_hours_of_one_name_in_autumn_are_counted_apart(
    storage: Storage, landing: Landing, run: Run
) -> None:
    land(landing, "2025-10-27", "2025-10-26T00:30:00Z", "2025-10-26T01:30:00Z", "2025-10-26T01:45:00Z")
    run()
    rows = intervals(storage, query("2025-10-26", "2025-10-26", HOUR, BERLIN))
    assert len(rows) == 25
    assert filled(rows) == [("2025-10-26T02:00:00+02:00", 1), ("2025-10-26T02:00:00+01:00", 2)]


def test_the_spring_day_has_23_hours_and_loses_nothing(storage: Storage, landing: Landing, run: Run) -> None:
    land(landing, "2025-03-31", "2025-03-30T00:59:59Z", "2025-03-30T01:00:00Z", "2025-03-30T21:59:59Z")
    run()
    rows = intervals(storage, query("2025-03-30", "2025-03-30", HOUR, BERLIN))
    assert len(rows) == 23
    assert filled(rows) == [
        ("2025-03-30T01:00:00+01:00", 1),
        ("2025-03-30T03:00:00+02:00", 1),
        ("2025-03-30T23:00:00+02:00", 1),
    ]
    assert intervals(storage, query("2025-03-30", "2025-03-30", DAY, BERLIN)) == [("2025-03-30T00:00:00+01:00", 3)]


def test_days_of_a_zone_of_30_minutes(storage: Storage, landing: Landing, run: Run) -> None:
    land(landing, "2026-05-03", "2026-05-01T18:29:59.999999Z", "2026-05-01T18:30:00Z", "2026-05-02T18:29:59Z")
    run()
    assert intervals(storage, query("2026-05-01", "2026-05-02", DAY, KOLKATA)) == [
        ("2026-05-01T00:00:00+05:30", 1),
        ("2026-05-02T00:00:00+05:30", 2),
    ]


def test_days_of_a_zone_of_45_minutes(storage: Storage, landing: Landing, run: Run) -> None:
    land(landing, "2026-05-03", "2026-05-01T18:14:59.999999Z", "2026-05-01T18:15:00Z", "2026-05-02T18:14:59Z")
    run()
    assert intervals(storage, query("2026-05-01", "2026-05-02", DAY, "Asia/Kathmandu")) == [
        ("2026-05-01T00:00:00+05:45", 1),
        ("2026-05-02T00:00:00+05:45", 2),
    ]


@pytest.fixture(scope="module")
def outage(computed: Callable[..., Storage]) -> Storage:
    """A record at noon of 1, 3 and 4 May; nothing landed on 2 May."""
    noons = {f"2026-05-0{number}": f"2026-05-0{number}T12:00:00Z" for number in (1, 3, 4)}
    return computed({("generic", day): [line(noon, "event", noon)] for day, noon in noons.items()})


def test_an_interval_that_overlaps_a_missing_utc_day_is_null(outage: Storage) -> None:
    assert intervals(outage, query("2026-05-01", "2026-05-04", DAY, KOLKATA)) == [
        ("2026-05-01T00:00:00+05:30", 1),
        ("2026-05-02T00:00:00+05:30", None),
        ("2026-05-03T00:00:00+05:30", None),
        ("2026-05-04T00:00:00+05:30", 1),
    ]


def test_hours_beside_a_missing_utc_day_are_not_null(outage: Storage) -> None:
    rows = intervals(outage, query("2026-05-02", "2026-05-02", HOUR, KOLKATA))
    assert rows[4:7] == [
        ("2026-05-02T04:00:00+05:30", 0),
        ("2026-05-02T05:00:00+05:30", None),
        ("2026-05-02T06:00:00+05:30", None),
    ]


def test_by_group_there_are_the_groups_that_occur_and_a_row_for_each_missing_interval(outage: Storage) -> None:
    asked = query("2026-05-01", "2026-05-03", DAY, group_by=("tenant", "type"))
    assert intervals(outage, asked) == [
        ("2026-05-01T00:00:00+00:00", "acme", "event", 1),
        ("2026-05-02T00:00:00+00:00", None, None, None),
        ("2026-05-03T00:00:00+00:00", "acme", "event", 1),
    ]


def test_a_row_names_start_groups_and_metrics_in_the_order_asked_for(outage: Storage) -> None:
    asked = query("2026-05-01", "2026-05-01", DAY, group_by=("model", "tenant"), metrics=("errors", "records"))
    assert [list(row.items()) for row in read(outage, asked).rows] == [
        [
            ("start", "2026-05-01T00:00:00+00:00"),
            ("model", "(none)"),
            ("tenant", "acme"),
            ("errors", 0),
            ("records", 1),
        ]
    ]


def test_intervals_are_filtered_by_all_conditions(storage: Storage, landing: Landing, run: Run) -> None:
    lines = [
        line(f"{tenant} {model}", "event", tenant=tenant, model=model)
        for tenant, model in (("acme", "m1"), ("acme", "m2"), ("zeta", "it's"), ("zeta", "m1"))
    ]
    landing.write("generic", "2026-05-01", lines)
    run()
    expected: dict[tuple[tuple[str, str], ...], int] = {
        (): 4,
        (("tenant", "acme"),): 2,
        (("tenant", "acme"), ("model", "m1")): 1,
        (("model", "it's"),): 1,
        (("source", "persona"),): 0,
    }
    found = {where: intervals(storage, query("2026-05-01", "2026-05-01", DAY, where=where)) for where in expected}
    assert {where: rows[0][1] for where, rows in found.items()} == expected


def test_a_day_that_no_calendar_of_the_zone_has_gives_no_rows(storage: Storage) -> None:
    assert intervals(storage, query("2011-12-30", "2011-12-30", HOUR, "Pacific/Apia")) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            {"group_by": ("day",)},
            "There is no dimension 'day'; expected one of tenant, source, type, model.",
        ),
        (
            {"where": (("member_id", "u1"),)},
            "There is no dimension 'member_id'; expected one of tenant, source, type, model.",
        ),
        (
            {"zone": "Mars/Base"},
            "There is no time zone 'Mars/Base'; expected a name such as UTC or Asia/Kolkata.",
        ),
    ],
)
def test_a_word_that_intervals_do_not_know_is_refused(words: dict[str, Any], message: str) -> None:
    with pytest.raises(QueryError) as error:
        query("2026-05-01", "2026-05-01", HOUR, **words)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        ("cost", "There is no metric 'cost'; expected one of records, requests, .*errors"),
        ("conversations", "Conversations have no time of day, .*; expected some of records, .*errors"),
    ],
)
def test_a_metric_that_intervals_do_not_have_is_refused(metric: str, message: str) -> None:
    with pytest.raises(QueryError, match=message):
        query("2026-05-01", "2026-05-01", HOUR, metrics=(metric,))


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("2026-05-02", "2026-05-01"),
        ("2001-01-01", "2026-05-01"),
        ("1971-12-31", "1971-12-31"),
        ("9999-12-31",) * 2,
    ],
)
def test_days_that_cannot_be_cut_are_refused(first: str, last: str) -> None:
    with pytest.raises(QueryError, match=f"{first} to {last}: expected at most 3,660 days"):
        query(first, last, HOUR)


def test_a_quarter_hour_object_that_is_gone_is_an_error_and_not_a_lower_total(
    storage: Storage, landing: Landing, run: Run
) -> None:
    for number in (1, 3, 4):
        land(landing, f"2026-05-0{number}", f"2026-05-0{number}T12:00:00Z")
    run()
    storage.lake.object(USAGE_QUARTER_HOURS.spec, day("2026-05-03")).unlink()
    with pytest.raises(PartitionError, match="usage_quarter_hours: 1 day from 2026-05-03 on is gone"):
        intervals(storage, query("2026-05-01", "2026-05-04", DAY))


START = datetime(2025, 3, 29, tzinfo=UTC)
MICROSECONDS = 3 * 24 * 3600 * 10**6
ZONES = ("UTC", BERLIN, KOLKATA, "Asia/Kathmandu", "America/St_Johns", "Pacific/Kiritimati", "Pacific/Pago_Pago")
QUERIES = st.builds(
    query,
    st.just("2025-03-28"),
    st.just("2025-04-01"),
    st.sampled_from(list(Interval)),
    st.sampled_from(ZONES),
    group_by=st.lists(st.sampled_from(["tenant", "source", "type", "model"]), unique=True).map(tuple),
    metrics=st.just(("records", "tool_calls")),
)


@pytest.fixture(scope="module")
def moments(computed: Callable[..., Storage]) -> Storage:
    """Thirty tenants of 0 to 29 records, at any moments of three days around the change of the clocks."""
    chance = Random(0)  # noqa: S311 - a test that can be repeated, no secret
    lines = [
        line(
            f"{number}",
            "event",
            (START + timedelta(microseconds=chance.randrange(MICROSECONDS))).isoformat(),
            tenant=f"t{count}",
            tool_calls=number,
            model=f"m{number % 3}",
        )
        for count in range(30)
        for number in range(count)
    ]
    return computed({("generic", "2025-04-03"): lines})


# Computed once and asked often: what a query sums up depends on both, and computing takes most of the time.
@checked(max_examples=50, deadline=None)
@given(count=st.integers(0, 29), asked=QUERIES)
def test_the_sum_over_the_intervals_of_a_whole_range_is_that_of_the_records(
    moments: Storage, count: int, asked: IntervalQuery
) -> None:
    rows = intervals(moments, replace(asked, where=(("tenant", f"t{count}"),)))
    assert sum(row[-2] for row in rows) == count
    assert sum(row[-1] for row in rows) == sum(range(count))
