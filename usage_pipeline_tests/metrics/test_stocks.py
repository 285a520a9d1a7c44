"""Personas and timeline entries are stocks: they run from the daily flows."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from usage_pipeline.metrics.queries import CostQuery, QualityQuery, StockQuery, UsageQuery, of_tenant
from usage_pipeline.metrics.read import read
from usage_pipeline.metrics.summary import SummaryQuery, read_summaries
from usage_pipeline.metrics.words import STOCKS
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.series.reading import Run, day
from usage_pipeline_tests.support import Landing

CREATE, DELETE = "persona_create", "persona_delete"
APPEND, SUPERSEDE = "persona_timeline_append", "persona_timeline_supersede"


def events(on: str, *kinds: str, tenant: str = "acme") -> list[dict[str, Any]]:
    return [
        {"id": f"{on}-{tenant}-{number}", "event": kind, "timestamp": f"{on}T08:00:00Z", "tenantId": tenant}
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
        },
        "costs",
        "credits",
    )


def stocks(storage: Storage, tenant: str | None, first: str, last: str) -> list[tuple[Any, ...]]:
    """Day; personas created, deleted and there; timeline entries appended, superseded and there."""
    answer = read(storage, StockQuery(day(first), day(last), of_tenant(tenant)))
    return [tuple(row.values()) for row in answer.rows]


def test_a_stock_is_what_was_added_less_what_was_taken_away(landed: Storage) -> None:
    assert stocks(landed, "acme", "2026-05-01", "2026-05-02") == [
        (date(2026, 5, 1), 3, 0, 3, 2, 0, 2),
        (date(2026, 5, 2), 0, 1, 2, 1, 2, 1),
    ]


def test_a_missing_day_is_null_and_the_stock_goes_on_after_it(landed: Storage) -> None:
    assert stocks(landed, "acme", "2026-05-03", "2026-05-05") == [
        (date(2026, 5, 3), None, None, None, None, None, None),
        (date(2026, 5, 4), 0, 0, 2, 0, 0, 1),
        (date(2026, 5, 5), 2, 0, 4, 0, 0, 1),
    ]


def test_without_a_tenant_all_are_together(landed: Storage) -> None:
    (found,) = stocks(landed, None, "2026-05-05", "2026-05-05")
    assert found[3] == 5


def test_what_was_there_before_the_calendar_is_unknown_so_a_stock_may_be_negative(
    storage: Storage, landing: Landing, run: Run
) -> None:
    landing.write("persona", "2026-05-01", events("2026-05-01", DELETE))
    run()
    (found,) = stocks(storage, "acme", "2026-05-01", "2026-05-01")
    assert found[3] == -1


@pytest.mark.parametrize("tenant", ["acme", "zeta", "unknown", None])
@pytest.mark.parametrize(
    "days", ["04-20 04-29 05-01", "05-01 05-01 05-02", "05-02 05-03 05-04", "05-03 05-03 05-08"]
)
def test_a_summary_of_ranges_has_the_numbers_of_each(landed: Storage, days: str, tenant: str | None) -> None:
    first, between, last = (day(f"2026-{text}") for text in days.split())
    ranges, where = ((first, between), (between + timedelta(days=1), last)), of_tenant(tenant)
    metrics = ("records", "prompts", "credits", "unrated_operations")
    summaries = read_summaries(landed, SummaryQuery(ranges, metrics, ("requests",), where))
    for asked, found in zip(ranges, summaries, strict=True):
        (usage,) = read(landed, UsageQuery(*asked, where=where, metrics=metrics)).rows
        levels = [*read(landed, StockQuery(*asked, where, metrics=tuple(STOCKS))).by_group.values()]
        assert {name: found.usage.rows[0][name] for name in metrics} == usage
        assert found.costs.rows == read(landed, CostQuery(*asked, where=where)).rows
        assert found.checks == read(landed, QualityQuery(*asked, where=where)).rows[0]
        assert [*found.stocks.values()] == ([levels[-1][name] for name in STOCKS] if levels else [None, None])
