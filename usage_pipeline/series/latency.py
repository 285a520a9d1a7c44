"""Latency as a histogram: buckets that grow by 5 %, and percentiles read from them.

Counts of equal buckets add up, so histograms of days, tenants and models merge into one. All bounds are
whole milliseconds, and nothing here is a float.
"""

from bisect import bisect_left
from collections.abc import Mapping
from itertools import accumulate

from usage_pipeline.storage.daily import ReferenceRows
from usage_pipeline.storage.tables import columns

LONGEST_MS = 24 * 60 * 60 * 1000
"""Up to this latency, 24 hours, buckets are narrow."""

ENDLESS_MS = 2**63 - 1
"""Upper bound of the last bucket, which holds anything longer: the largest BIGINT."""

UNMEASURED_MS = -1
"""The upper bound of records without a latency."""


def bucket_bounds() -> tuple[int, ...]:
    """The inclusive upper bounds of all buckets in ms, ascending: 0, 1, 2, … 20, 21, 22, …, the last endless."""
    bounds = [0]
    while bounds[-1] < LONGEST_MS:
        bounds.append(max(bounds[-1] + 1, bounds[-1] * 105 // 100))
    return (*bounds, ENDLESS_MS)


def latency_buckets() -> ReferenceRows:
    """The table `latency_buckets`: every latency of 0 ms or more lies in exactly one row."""
    bounds = bucket_bounds()
    return ReferenceRows(
        name="latency_buckets",
        columns=columns(
            ("above_ms", "BIGINT", "Lower bound, not included.", "ms"),
            ("to_ms", "BIGINT", "Upper bound, included.", "ms"),
        ),
        rows=tuple(zip((-1, *bounds), bounds, strict=False)),
    )


def percentile(histogram: Mapping[int, int], percent: int) -> int | None:
    """The percentile by nearest rank, in ms: the upper bound of the bucket that it lies in; null without records.

    `histogram` holds records by upper bound. The result is never below the exact percentile, and at most 5 %
    above it, unless that is over 24 hours: then it is `ENDLESS_MS`.
    """
    bounds = sorted(histogram)
    reached = list(accumulate(histogram[bound] for bound in bounds))
    if not reached or not reached[-1]:
        return None
    rank = -(-reached[-1] * percent // 100)
    return bounds[bisect_left(reached, max(rank, 1))]
