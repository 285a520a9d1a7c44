"""Whether the newest day that should be there by now is there."""

from datetime import UTC, datetime

import pytest

from usage_pipeline.pipeline.health import why_overdue
from usage_pipeline.pipeline.refresh import PlainRunner, RefreshSummary, land_days_again, refresh
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.support import Landing, at, prompt


def on(day: int, hour: int) -> datetime:
    return datetime(2026, 5, day, hour, tzinfo=UTC)


def refresh_at(storage: Storage, now: datetime) -> None:
    moved = at(storage, now)
    refresh(moved, PlainRunner(moved))


def write(landing: Landing, day: int) -> None:
    landing.write("persona", f"2026-05-0{day}", [prompt(f"e{day}", f"2026-05-0{day}T08:00:00Z")])


@pytest.mark.parametrize(("now", "day"), [(on(3, 5), 1), (on(3, 6), 2), (on(3, 23), 2)])
def test_a_day_is_due_six_hours_after_its_end(storage: Storage, now: datetime, day: int) -> None:
    assert at(storage, now).settings.clock.last_due_day == on(day, 0).date()


def test_before_the_first_landing_nothing_is_late(storage: Storage) -> None:
    assert why_overdue(storage) is None


def test_a_day_that_landed_after_its_end_and_is_computed_is_not_late(storage: Storage, landing: Landing) -> None:
    write(landing, 1)
    refresh_at(storage, on(2, 1))
    assert why_overdue(at(storage, on(2, 6))) is None


def test_a_day_of_which_nothing_has_landed_is_late_from_its_hour_on(storage: Storage, landing: Landing) -> None:
    write(landing, 1)
    refresh_at(storage, on(2, 1))
    assert why_overdue(at(storage, on(3, 5))) is None
    assert why_overdue(at(storage, on(3, 6))) == (
        "2026-05-02 is overdue: nothing of it has landed, or nothing since it ended"
    )


def test_a_day_that_has_landed_and_is_not_computed_is_late(storage: Storage, landing: Landing) -> None:
    write(landing, 1)
    night = at(storage, on(2, 1))
    land_days_again(PlainRunner(night), [on(1, 0).date()], RefreshSummary())
    assert (
        why_overdue(at(storage, on(2, 6))) == "2026-05-01 is overdue: it is not computed from all that has landed"
    )
