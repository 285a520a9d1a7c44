"""What the newest 90 days of a table came to, over all tenants."""

from collections.abc import Callable
from datetime import date, timedelta

from usage_pipeline.pipeline.recent_days import recent_days
from usage_pipeline.series.tables import TOKEN_SERIES
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.support import Landing, prompt

FIRST, LAST = date(2026, 5, 1), date(2026, 5, 4)


def deliver(landing: Landing) -> None:
    """Two tenants on the first day, one on the last, none between."""
    lines = [
        prompt("e1", f"{FIRST}T08:00:00Z"),
        prompt("e2", f"{FIRST}T09:00:00Z", tenantId="globex"),
        prompt("e3", f"{LAST}T08:00:00Z"),
    ]
    landing.write("persona", str(LAST), lines)


def test_they_end_with_the_newest_day(storage: Storage, landing: Landing, run: Callable[[], object]) -> None:
    deliver(landing)
    run()
    days = list(recent_days(storage, TOKEN_SERIES.spec, "total"))
    assert (days[0], days[-1], len(days)) == (LAST - timedelta(days=89), LAST, 90)


def test_a_column_is_summed_over_all_tenants_and_rows_are_counted_without_one(
    storage: Storage, landing: Landing, run: Callable[[], object]
) -> None:
    deliver(landing)
    run()
    tokens, rows = recent_days(storage, TOKEN_SERIES.spec, "total"), recent_days(storage, TOKEN_SERIES.spec)
    assert (tokens[FIRST], tokens[LAST]) == (240, 120)
    assert (rows[FIRST], rows[LAST]) == (2, 1)


def test_a_day_that_was_never_computed_is_none(
    storage: Storage, landing: Landing, run: Callable[[], object]
) -> None:
    deliver(landing)
    run()
    days = recent_days(storage, TOKEN_SERIES.spec, "total")
    assert days[FIRST - timedelta(days=1)] is None


def test_without_any_day_there_is_none(storage: Storage) -> None:
    assert recent_days(storage, TOKEN_SERIES.spec, "total") == {}
