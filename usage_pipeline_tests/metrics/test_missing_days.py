"""Usage of missing days: null and never left out by day, in no sum without it."""

from collections.abc import Callable

import pytest

from usage_pipeline.metrics.queries import UsageQuery
from usage_pipeline.metrics.read import read
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.series.generic import line
from usage_pipeline_tests.series.reading import day, usage

DAYS = (day("2026-05-29"), day("2026-06-02"))


@pytest.fixture(scope="module")
def outage(computed: Callable[..., Storage]) -> Storage:
    """29 May with two models, 30 May without landing, 31 May quiet; 1 June landed while it goes on."""
    models = [line(f"e{model}", "event", "2026-05-29T08:00:00Z", model=model) for model in ("m1", "m2")]
    today = [line("e1", "event", "2026-06-01T00:00:00Z", model="m1")]
    return computed(
        {("generic", "2026-05-29"): models, ("generic", "2026-05-31"): [], ("generic", "2026-06-01"): today}
    )


def test_by_day_there_is_a_row_for_every_day(outage: Storage) -> None:
    assert usage(outage, "records", "conversations", days=DAYS, group_by=("day",)) == [
        (day("2026-05-29"), 2, 0),
        (day("2026-05-30"), None, None),
        (day("2026-05-31"), 0, 0),
        (day("2026-06-01"), None, None),
        (day("2026-06-02"), None, None),
    ]


def test_by_day_and_more_there_are_the_groups_that_occur_and_a_row_for_each_missing_day(outage: Storage) -> None:
    assert usage(outage, "records", days=DAYS, group_by=("day", "model")) == [
        (day("2026-05-29"), "m1", 1),
        (day("2026-05-29"), "m2", 1),
        (day("2026-05-30"), None, None),
        (day("2026-06-01"), None, None),
        (day("2026-06-02"), None, None),
    ]


def test_rows_are_ordered_by_day_wherever_it_stands(outage: Storage) -> None:
    assert usage(outage, "records", days=DAYS, group_by=("model", "day"))[:3] == [
        ("m1", day("2026-05-29"), 1),
        ("m2", day("2026-05-29"), 1),
        (None, day("2026-05-30"), None),
    ]


def test_what_is_known_of_a_missing_day_is_in_no_sum(outage: Storage) -> None:
    assert usage(outage, "records", days=DAYS) == [(2,)]
    assert usage(outage, "records", days=DAYS, group_by=("model",)) == [("m1", 1), ("m2", 1)]


def test_a_condition_on_the_day_leaves_the_other_days_out(outage: Storage) -> None:
    where = (("day", "2026-05-30"),)
    assert usage(outage, "records", days=DAYS, group_by=("day",), where=where) == [(day("2026-05-30"), None)]


def test_another_condition_leaves_no_day_out(outage: Storage) -> None:
    query = UsageQuery(day("2026-05-29"), day("2026-05-31"), ("day",), (("model", "m1"),), ("records",))
    assert [row["records"] for row in read(outage, query).rows] == [1, None, 0]


def test_the_missing_days_of_a_query_are_those_that_it_asks_for(outage: Storage) -> None:
    assert read(outage, UsageQuery(*DAYS)).missing == [day("2026-05-30"), day("2026-06-01"), day("2026-06-02")]
    assert read(outage, UsageQuery(*DAYS, where=(("day", "2026-05-29"),))).missing == []
