"""Local days of a zone cut into intervals: instants, so that no hour is lost or doubled with the clock."""

import pytest

from usage_pipeline.errors import QueryError
from usage_pipeline.metrics.buckets import Bucket, Interval, buckets, time_zone
from usage_pipeline_tests.series.reading import day


def cut(first: str, last: str, interval: Interval, zone: str) -> list[Bucket]:
    return buckets(day(first), day(last), interval, time_zone(zone))


def starts(on: str, interval: Interval, zone: str) -> list[str]:
    """The starts of the intervals of one local day, by the clock of the zone."""
    return [bucket.start.astimezone(time_zone(zone)).isoformat() for bucket in cut(on, on, interval, zone)]


@pytest.mark.parametrize(
    ("on", "zone", "quarters", "hours"),
    [
        ("2025-01-01", "UTC", 96, 24),
        ("2025-10-26", "Europe/Berlin", 100, 25),
        ("2025-03-30", "Europe/Berlin", 92, 23),
        ("2025-01-01", "Asia/Kolkata", 96, 24),
        ("2025-01-01", "Asia/Kathmandu", 96, 24),
    ],
)
def test_a_local_day_has_so_many_quarters_and_hours(on: str, zone: str, quarters: int, hours: int) -> None:
    found = [len(starts(on, interval, zone)) for interval in (Interval.QUARTER, Interval.HOUR, Interval.DAY)]
    assert found == [quarters, hours, 1]


def test_the_hour_that_comes_twice_in_autumn_is_two_hours() -> None:
    assert starts("2025-10-26", Interval.HOUR, "Europe/Berlin")[1:5] == [
        "2025-10-26T01:00:00+02:00",
        "2025-10-26T02:00:00+02:00",
        "2025-10-26T02:00:00+01:00",
        "2025-10-26T03:00:00+01:00",
    ]


def test_the_hour_that_the_clock_skips_in_spring_is_none() -> None:
    assert starts("2025-03-30", Interval.HOUR, "Europe/Berlin")[1:3] == [
        "2025-03-30T01:00:00+01:00",
        "2025-03-30T03:00:00+02:00",
    ]


def test_hours_of_a_zone_of_45_minutes_begin_at_its_full_hours() -> None:
    first = cut("2025-01-01", "2025-01-01", Interval.HOUR, "Asia/Kathmandu")[0]
    assert [quarter_hour.isoformat() for quarter_hour in first.quarter_hours] == [
        "2024-12-31T18:15:00+00:00",
        "2024-12-31T18:30:00+00:00",
        "2024-12-31T18:45:00+00:00",
        "2024-12-31T19:00:00+00:00",
    ]


def test_a_clock_that_is_set_back_by_half_an_hour_has_an_hour_of_half_an_hour() -> None:
    assert starts("2025-04-06", Interval.HOUR, "Australia/Lord_Howe")[1:4] == [
        "2025-04-06T01:00:00+11:00",
        "2025-04-06T01:30:00+10:30",
        "2025-04-06T02:00:00+10:30",
    ]


def test_a_day_whose_midnight_the_clock_skips_begins_when_it_does_so() -> None:
    assert starts("2025-04-25", Interval.DAY, "Africa/Cairo") == ["2025-04-25T01:00:00+03:00"]


def test_a_day_that_a_country_left_out_has_no_interval() -> None:
    assert starts("2011-12-30", Interval.DAY, "Pacific/Apia") == []


def test_an_interval_tells_the_utc_days_that_it_overlaps() -> None:
    (local_day,) = cut("2025-01-06", "2025-01-06", Interval.DAY, "Asia/Kolkata")
    assert local_day.utc_days == {day("2025-01-05"), day("2025-01-06")}


@pytest.mark.parametrize("name", ["Mars/Base", "Europe", "", "../x", "x" * 5000])
def test_a_name_that_is_no_time_zone_is_refused(name: str) -> None:
    with pytest.raises(QueryError) as error:
        time_zone(name)
    assert str(error.value) == f"There is no time zone {name!r}; expected a name such as UTC or Asia/Kolkata."
