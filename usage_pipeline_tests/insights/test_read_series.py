"""What series hold of each measure: zero without use, null without knowledge."""

from datetime import date
from decimal import Decimal

import pytest

from usage_pipeline.errors import QueryError
from usage_pipeline.insights.measures import MEASURES, USUAL, measure_of
from usage_pipeline.insights.read_series import SeriesQuestion, read_series, read_series_of_each
from usage_pipeline.insights.series import Number
from usage_pipeline.metrics.queries import ReportedCostQuery
from usage_pipeline.metrics.read import read
from usage_pipeline.storage.opened import Storage

FIRST, LAST = date(2026, 5, 1), date(2026, 5, 3)
EXPECTED: dict[str, tuple[Number | None, ...]] = {
    "tokens_total": (150, None, 30),
    "conversations": (1, None, 0),
    "messages": (3, None, 2),
    "prompts": (2, None, 1),
    "requests": (2, None, 1),
    "cost": (150, None, 30),
    "reported_cost": (Decimal("601.5"), None, Decimal("0.25")),
    "credits": (75, None, 15),
    "p95_ms": (407, None, None),  # the end of the bucket of 400 ms
    "error_percent": (50, None, 0),
    "messages_per_conversation": (3, None, None),
    "tokens_per_request": (75, None, 30),
    "cost_per_token": (1, None, 1),
}


def question(*names: str, where: tuple[tuple[str, str], ...] = ()) -> SeriesQuestion:
    """The question for these measures of the three days."""
    return SeriesQuestion([measure_of(name) for name in names], FIRST, LAST, where)


def test_each_measure_of_a_tenant_by_day(used: Storage) -> None:
    found = read_series(used, question(*EXPECTED), "acme")
    assert {series.measure.name: series.values for series in found} == EXPECTED
    assert set(USUAL) <= set(EXPECTED) <= set(MEASURES)


def test_ratios_have_their_denominators_as_weights(used: Storage) -> None:
    (found,) = read_series(used, question("tokens_per_request"), "acme")
    assert found.weights == (2, None, 1)


def test_the_series_of_each_tenant_are_those_of_each_alone(used: Storage) -> None:
    asked = question(*EXPECTED)
    together = list(read_series_of_each(used, asked, ["globex", "acme", "nobody"]))
    assert together == [
        series for tenant in ("globex", "acme", "nobody") for series in read_series(used, asked, tenant)
    ]


def test_what_has_no_price_is_not_known_and_what_was_not_used_is_zero(used: Storage) -> None:
    found = read_series(used, question("cost", "tokens_total"), "globex")
    assert [series.values for series in found] == [(None, None, 0), (7, None, 0)]


def test_all_tenants_together(used: Storage) -> None:
    assert [series.values for series in read_series(used, question("requests"))] == [(3, None, 1)]


def test_conditions_select_usage(used: Storage) -> None:
    (found,) = read_series(used, question("tokens_total", where=(("project", "red"),)), "acme")
    assert found.values == (0, None, 30)


def test_a_record_that_reports_far_too_much_can_be_told_from_the_others(used: Storage) -> None:
    found = read(used, ReportedCostQuery(FIRST, LAST, ("model", "record"), metrics=("reported_cost",)))
    assert [tuple(row.values()) for row in found.rows] == [("x", "", Decimal("1.75")), ("x", "a2", Decimal(600))]


def test_an_unknown_measure_is_refused_with_what_was_meant() -> None:
    with pytest.raises(QueryError, match="There is no measure 'token_total'; did you mean 'tokens_total'"):
        measure_of("token_total")
