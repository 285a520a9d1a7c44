"""Personas and timeline entries are stocks: they run from the daily flows."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from usage_pipeline.metrics.stocks import StockDay, read_stocks
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.series.reading import Run, day
from usage_pipeline_tests.support import Landing

CREATE, DELETE = "persona_create", "persona_delete"
APPEND, SUPERSEDE = "persona_timeline_append", "persona_timeline_supersede"


def events(on: str, *kinds: str, tenant: str = "acme") -> list[dict[str, Any]]:
    return [
        {"id": f"{tenant}-{number}", "event": kind, "timestamp": f"{on}T08:00:00Z", "tenantId": tenant}
        for number, kind in enumerate(kinds)
    ]


@pytest.fixture(scope="module")
def landed(computed: Callable[..., Storage]) -> Storage:
    """Flows of four days, where 3 May is missing and 4 May has none of acme."""
    return computed(
        {
            ("persona", "2026-05-01"): events("2026-05-01", CREATE, CREATE, CREATE, APPEND, APPEND),
            ("persona", "2026-05-02"): events("2026-05-02", DELETE, APPEND, SUPERSEDE, SUPERSEDE),
            ("persona", "2026-05-04"): events("2026-05-04", CREATE, tenant="zeta"),
            ("persona", "2026-05-05"): events("2026-05-05", CREATE, CREATE),
        }
    )


def test_a_stock_is_what_was_added_less_what_was_taken_away(landed: Storage) -> None:
    assert read_stocks(landed, "acme", day("2026-05-01"), day("2026-05-02")) == [
        StockDay(date(2026, 5, 1), 3, 0, 3, 2, 0, 2),
        StockDay(date(2026, 5, 2), 0, 1, 2, 1, 2, 1),
    ]


def test_a_missing_day_is_null_and_the_stock_goes_on_after_it(landed: Storage) -> None:
    assert read_stocks(landed, "acme", day("2026-05-03"), day("2026-05-05")) == [
        StockDay(date(2026, 5, 3), None, None, None, None, None, None),
        StockDay(date(2026, 5, 4), 0, 0, 2, 0, 0, 1),
        StockDay(date(2026, 5, 5), 2, 0, 4, 0, 0, 1),
    ]


def test_without_a_tenant_all_are_together(landed: Storage) -> None:
    (found,) = read_stocks(landed, None, day("2026-05-05"), day("2026-05-05"))
    assert found.personas == 5


def test_what_was_there_before_the_calendar_is_unknown_so_a_stock_may_be_negative(
    storage: Storage, landing: Landing, run: Run
) -> None:
    landing.write("persona", "2026-05-01", events("2026-05-01", DELETE))
    run()
    (found,) = read_stocks(storage, "acme", day("2026-05-01"), day("2026-05-01"))
    assert found.personas == -1
