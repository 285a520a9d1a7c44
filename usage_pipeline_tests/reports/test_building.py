"""What a report says, in exact values, and that it is the same whichever way it is asked for."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import text

from usage_pipeline.metrics.queries import CostQuery, UsageQuery
from usage_pipeline.metrics.read import read
from usage_pipeline.reports.batch import Batch
from usage_pipeline.reports.building import build_reports
from usage_pipeline.reports.model import Report
from usage_pipeline.reports.scope import ReportPeriod
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.limits.reading import limit, write_limits
from usage_pipeline_tests.reports.conftest import DAYS, report_of, table_of

_ADDING = ("by_source", "by_type", "by_model", "by_member_id", "by_project", "by_status")


@pytest.fixture(scope="module")
def acme(used: Storage) -> Report:
    """The report of acme."""
    return report_of(used)


def test_totals_are_those_of_the_query_layer(used: Storage, acme: Report) -> None:
    usage = read(used, UsageQuery(DAYS.first, DAYS.last, (), (("tenant", "acme"),)))
    costs = read(used, CostQuery(DAYS.first, DAYS.last, (), (("tenant", "acme"),)))
    table = table_of(acme, "totals")
    totals = dict(zip(table.column("metric"), table.column("value"), strict=True))
    assert {name: totals[name] for name in usage.query.metrics} == usage.rows[0]
    assert (totals["cost"], totals["credits"]) == (costs.rows[0]["amount"], Decimal("132.5"))


def test_days_have_the_series_their_average_and_their_status(acme: Report) -> None:
    assert table_of(acme, "daily").rows[1] == (
        *(date(2026, 5, 19), "provisional", 70, Decimal("31.4"), 0, 4, 2),
        *(Decimal(60), Decimal(35)),
    )


def test_a_day_that_has_not_ended_has_no_numbers(used: Storage) -> None:
    daily = table_of(report_of(used, period=replace(DAYS, last=date(2026, 5, 22))), "daily")
    assert daily.rows[-1] == (date(2026, 5, 22), "missing", *(None,) * 7)


@pytest.mark.parametrize("name", _ADDING)
def test_parts_of_each_breakdown_come_to_the_totals(acme: Report, name: str) -> None:
    assert table_of(acme, name).total == (None, 7, 12, 0, 265, 0, 265, 0, Decimal(255), Decimal("132.5"))


def test_a_dimension_without_values_has_no_table(acme: Report) -> None:
    assert acme.table("by_agent") is None


def test_usage_without_a_price_is_in_no_amount_and_named(acme: Report) -> None:
    assert table_of(acme, "cost_by_class").rows == (("input", 265, 10, Decimal("96.22"), 0, 0, Decimal(255)),)
    assert table_of(acme, "unpriced").rows == (("y", "unknown_model", 10, 0),)
    assert "Some usage has no price. It is in no amount." in acme.notes


def test_operations_without_a_rate_are_counted_in_a_note(acme: Report) -> None:
    assert "1 operation is without a rate, and in no credits." in acme.notes


def test_a_period_before_the_first_known_day_is_no_comparison(acme: Report) -> None:
    note = "Nothing is known before 2026-05-18, so the period before is no whole one to compare with."
    assert note in acme.notes


def test_credits_of_the_period_go_from_opening_to_closing(acme: Report) -> None:
    table = table_of(acme, "credits")
    assert table.column("closing") == [0, Decimal("67.5")]
    assert table.total == (None, None, 100, 100, 0, Decimal("132.5"), 0, 0, 0, 0, Decimal("67.5"))


def test_credits_of_days_lead_to_the_same_closing(acme: Report) -> None:
    assert table_of(acme, "credit_days").column("left") == [25, -10, 70, Decimal("67.5")]


def test_hours_of_the_week_without_usage_are_zero_and_those_outside_unknown(acme: Report) -> None:
    found = {row[:2]: row[2:] for row in table_of(acme, "weekday_hours").rows}
    assert (found["Mon", 8], found["Mon", 9], found["Fri", 8]) == ((2, 150), (0, 0), (None, None))


def test_limits_are_those_of_the_end_of_the_period(used: Storage) -> None:
    write_limits(used, limit("tokens_total", 200, period="day"))
    try:
        limits = table_of(report_of(used, period=replace(DAYS, last=date(2026, 5, 18))), "limits")
    finally:
        write_limits(used)
    assert [limits.column(name) for name in ("last_day", "used", "share")] == [
        [date(2026, 5, 18)],
        [150],
        [Decimal("75.0")],
    ]


def test_a_filter_takes_what_has_one_of_its_values(used: Storage) -> None:
    report = report_of(used, filters=(("member_id", ("ann", "bob")), ("project", ("red",))))
    assert table_of(report, "daily").total == (None, None, 5, None, 0, 2, 1, Decimal(5), Decimal("2.5"))


def test_a_filtered_report_has_no_numbers_that_cannot_be_filtered(used: Storage) -> None:
    names = {table.name for table in report_of(used, filters=(("project", ("red",)),)).tables}
    assert names.isdisjoint({"credits", "credit_days", "limits", "weekday_hours", "performance_by_day", "days"})


def test_all_tenants_together_are_broken_down_by_tenant(used: Storage) -> None:
    table = table_of(report_of(used, None), "by_tenant")
    assert [(row[0], row[6], row[8]) for row in table.rows] == [
        ("globex", 1000, Decimal(1000)),
        ("acme", 265, Decimal(255)),
    ]


def test_a_batch_says_of_each_tenant_what_its_own_report_says(used: Storage) -> None:
    assert list(build_reports(Batch(used, DAYS, (), ("acme", "globex")))) == [
        report_of(used, "acme"),
        report_of(used, "globex"),
    ]


def test_a_tenant_without_usage_has_zeros(used: Storage) -> None:
    table = table_of(report_of(used, "initech"), "totals")
    assert set(table.column("value")) == {0}


def test_the_period_before_a_month_is_the_month_before() -> None:
    assert ReportPeriod(date(2026, 3, 1), date(2026, 3, 31)).before == ReportPeriod(
        date(2026, 2, 1), date(2026, 2, 28)
    )


_SERIES = {"tokens": "token_series", "conversations": "conversation_series", "messages": "message_series"}


@pytest.mark.parametrize("name", _SERIES)
def test_days_are_the_series_of_the_warehouse(used: Storage, name: str) -> None:
    query = text(f"SELECT day, total FROM usage.{_SERIES[name]} WHERE tenant_id = 'globex' AND total > 0")
    with used.warehouse.connect() as connection:
        published = dict(map(tuple, connection.execute(query)))
    assert published
    daily = table_of(report_of(used, "globex"), "daily")
    found = dict(zip(daily.column("day"), daily.column(name), strict=True))
    assert {day: total for day, total in found.items() if total} == published


@pytest.mark.parametrize("dimension", ["model", "member_id", "project", "type", "source", "status"])
def test_costs_are_those_of_the_warehouse_to_twelve_decimals(used: Storage, acme: Report, dimension: str) -> None:
    query = text(
        "SELECT value, sum(amount) FROM usage.tenant_costs WHERE tenant_id = 'acme' AND dimension = :dimension "
        "GROUP BY value"
    )
    with used.warehouse.connect() as connection:
        published = dict(map(tuple, connection.execute(query, {"dimension": dimension})))
    table = table_of(acme, f"by_{dimension}")
    found = dict(zip(table.column(dimension), table.column("cost"), strict=True))
    assert {value: found[value] for value in published} == published
    assert sum(filter(None, found.values())) == sum(filter(None, published.values()))
