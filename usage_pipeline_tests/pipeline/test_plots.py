"""The numbers of a day that the UI plots, and those of the newest 90 days for charts; over all tenants."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from usage_pipeline.metrics.queries import PerformanceQuery
from usage_pipeline.metrics.read import read
from usage_pipeline.pipeline.plots import plotted_numbers, recent_days
from usage_pipeline.pipeline.refresh import PlainRunner, refresh
from usage_pipeline.pipeline.tables import DAILY_TABLES
from usage_pipeline.series.breakdown_tables import DAILY_PERFORMANCE
from usage_pipeline.series.tables import TOKEN_SERIES
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.support import Landing, prompt

FIRST, LAST = date(2026, 5, 1), date(2026, 5, 4)


@pytest.fixture(scope="module")
def four_days(open_shared: Callable[..., Storage]) -> Storage:
    """Two tenants on the first day, one on the last, none between."""
    lines = [
        prompt("e1", f"{FIRST}T08:00:00Z"),
        prompt("e2", f"{FIRST}T09:00:00Z", tenantId="globex"),
        prompt("e3", f"{LAST}T08:00:00Z"),
    ]
    storage = open_shared()
    Landing(storage.settings.landing).write("persona", str(LAST), lines)
    refresh(storage, PlainRunner(storage))
    return storage


def test_they_end_with_the_newest_day(four_days: Storage) -> None:
    days = list(recent_days(four_days, TOKEN_SERIES.spec, TOKEN_SERIES.charted))
    assert (days[0], days[-1], len(days)) == (LAST - timedelta(days=89), LAST, 90)


def test_a_plot_is_over_all_tenants_and_rows_are_counted_without_one(four_days: Storage) -> None:
    tokens, rows = (
        recent_days(four_days, TOKEN_SERIES.spec, TOKEN_SERIES.charted),
        recent_days(four_days, TOKEN_SERIES.spec),
    )
    assert (tokens[FIRST], tokens[LAST]) == (240, 120)
    assert (rows[FIRST], rows[LAST]) == (2, 1)


def test_a_day_that_was_never_computed_is_none(four_days: Storage) -> None:
    days = recent_days(four_days, TOKEN_SERIES.spec, TOKEN_SERIES.charted)
    assert days[FIRST - timedelta(days=1)] is None


def test_without_any_day_there_is_none(storage: Storage) -> None:
    assert recent_days(storage, TOKEN_SERIES.spec, TOKEN_SERIES.charted) == {}


PROMPTS = [
    prompt("e1", f"{FIRST}T08:00:00Z", modelName="gpt-4.1-mini", conversationId="c1", latencyMs=100),
    prompt("e2", f"{FIRST}T09:00:00Z", modelName="nobody-1", tenantId="globex", latencyMs=900),
    prompt("e3", f"{FIRST}T10:00:00Z", status="failed", tokensIn=None, tokensOut=None),
]
# 100 input and 20 output tokens at 0.4 and 1.6 dollars a million cost 72 millionths of a dollar.
PLOTTED: dict[str, dict[str, int | float]] = {
    "excluded_events": {"excluded": 0},
    "usage_records": {"records": 3, "tokens": 240, "messages": 5},
    "conflicts": {},
    "daily_usage": {"tokens": 240, "messages": 5, "requests": 3, "errors": 1, "error_percent": 33.333333},
    "usage_quarter_hours": {"tokens": 240, "messages": 5},
    "conversations": {"conversations": 1},
    "conversation_starts": {"conversations": 1},
    "token_series": {"tokens": 240},
    "conversation_series": {"conversations": 1},
    "message_series": {"messages": 5},
    "daily_breakdown": {"tokens": 240, "conversations": 1, "messages": 5},
    "daily_performance": {"requests": 3, "errors": 1, "error_percent": 33.333333, "p95_ms": 919},
    "daily_quality": {"checks": 0, "clean_checks": 0, "issues": 0},
    "daily_costs": {"usd": 0.000072, "coverage_percent": 50.0},
    "tenant_costs": {"usd": 0.000072, "coverage_percent": 50.0},
    "cost_drift": {"records": 0, "outliers": 0},
    "credit_usage": {"credits": 0, "unrated_operations": 3},
    "credit_seconds": {"credits": 0},
}


def test_each_table_has_the_numbers_of_a_day(
    storage: Storage, landing: Landing, run: Callable[[], object]
) -> None:
    landing.write("persona", str(FIRST), PROMPTS)
    run()
    assert {table.name: plotted_numbers(storage, table, [FIRST])[FIRST] for table in DAILY_TABLES} == PLOTTED


def test_the_p95_is_that_of_the_query(storage: Storage, landing: Landing, run: Callable[[], object]) -> None:
    lines = [
        prompt(f"e{number}", f"{FIRST}T08:00:00Z", tenantId=f"t{number % 3}", latencyMs=number * 7)
        for number in range(60)
    ]
    landing.write("persona", str(FIRST), lines)
    run()
    (asked,) = read(storage, PerformanceQuery(FIRST, FIRST)).rows
    assert plotted_numbers(storage, DAILY_PERFORMANCE, [FIRST])[FIRST]["p95_ms"] == asked["p95_ms"]


def test_days_together_have_the_numbers_of_each(four_days: Storage) -> None:
    for table in DAILY_TABLES:
        alone = {day: plotted_numbers(four_days, table, [day])[day] for day in (FIRST, LAST)}
        assert plotted_numbers(four_days, table, [FIRST, LAST]) == alone
