"""When a job has recovered after one of its runs has failed."""

from datetime import UTC, date, datetime

import pytest

from usage_pipeline.pipeline.automation.failed_runs import recovered_jobs
from usage_pipeline.storage import state
from usage_pipeline.storage.opened import Storage

AT = datetime(2026, 6, 1, tzinfo=UTC)
SUCCEEDED = {"event_days": AT, "refresh_limits": AT}
OF_DAYS = {"event_days": True, "refresh_limits": False}


def test_a_job_whose_last_run_has_succeeded_has_recovered(storage: Storage) -> None:
    assert recovered_jobs(storage, SUCCEEDED, of_days=OF_DAYS) == SUCCEEDED


@pytest.mark.parametrize("mark", [state.mark_failed, state.mark_writing])
def test_a_job_of_days_has_not_while_a_day_is_failed_or_unfinished(storage: Storage, mark: object) -> None:
    with storage.warehouse.begin() as connection:
        mark(connection, "token_series", [date(2026, 5, 31)], "test")
    assert recovered_jobs(storage, SUCCEEDED, of_days=OF_DAYS) == {"refresh_limits": AT}
