"""When work that failed may be tried again."""

from datetime import UTC, datetime, timedelta

import pytest

from usage_pipeline.pipeline.automation.work import due_again

FAILED = datetime(2026, 5, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("failures", "minutes"), [(1, 5), (2, 10), (3, 20), (4, 40), (7, 320), (8, 360), (9, 360), (10_000, 360)]
)
def test_each_failure_in_a_row_doubles_the_pause_up_to_six_hours(failures: int, minutes: int) -> None:
    assert due_again(failures, FAILED) == FAILED + timedelta(minutes=minutes)
