"""Latency buckets grow by 5 %, and percentiles are read from merged histograms by nearest rank."""

from bisect import bisect_left
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usage_pipeline.series.latency import ENDLESS_MS, LONGEST_MS, bucket_bounds, latency_buckets, percentile

BOUNDS = bucket_bounds()


def histogram(latencies: list[int]) -> Counter[int]:
    return Counter(BOUNDS[bisect_left(BOUNDS, latency)] for latency in latencies)


def nearest_rank(latencies: list[int], percent: int) -> int:
    """The smallest latency that at least `percent` of all do not exceed."""
    reached = [
        latency for latency in latencies if 100 * sum(x <= latency for x in latencies) >= percent * len(latencies)
    ]
    return min(reached)


def test_each_millisecond_up_to_20_has_a_bucket_of_its_own() -> None:
    assert BOUNDS[:24] == (*range(21), 21, 22, 23)


def test_buckets_above_are_5_percent_wide() -> None:
    assert [bound for bound in BOUNDS if 990 < bound < 1200] == [1012, 1062, 1115, 1170]


def test_buckets_reach_24_hours_and_one_more_holds_anything() -> None:
    assert BOUNDS[-2] >= LONGEST_MS > BOUNDS[-3]
    assert BOUNDS[-1] == ENDLESS_MS == 9_223_372_036_854_775_807


def test_each_bucket_begins_where_the_one_before_it_ends() -> None:
    rows = latency_buckets().rows
    assert rows[0] == (-1, 0)
    assert all(before[1] == after[0] for before, after in pairwise(rows))
    assert [row[1] for row in rows] == list(BOUNDS)


@pytest.mark.parametrize(("percent", "expected"), [(1, 10), (50, 10), (51, 20), (75, 20), (76, 40), (100, 40)])
def test_a_percentile_is_the_bound_at_the_nearest_rank(percent: int, expected: int) -> None:
    assert percentile({20: 1, 10: 2, 40: 1}, percent) == expected


def test_without_records_there_is_no_percentile() -> None:
    assert percentile({}, 50) is None
    assert percentile({10: 0}, 50) is None


LATENCIES = st.lists(st.one_of(st.integers(0, 50), st.integers(0, LONGEST_MS)), min_size=1, max_size=60)


@given(first=LATENCIES, second=LATENCIES, percent=st.sampled_from([1, 50, 95, 99, 100]))
def test_a_percentile_of_merged_histograms_is_never_below_the_exact_one_and_at_most_5_percent_above(
    first: list[int], second: list[int], percent: int
) -> None:
    found = percentile(histogram(first) + histogram(second), percent)
    exact = nearest_rank(first + second, percent)
    assert found is not None
    assert exact <= found <= max(exact + 1, exact * 105 // 100)
