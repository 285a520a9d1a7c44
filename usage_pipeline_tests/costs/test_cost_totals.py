from decimal import Decimal

import pytest
from sqlalchemy import update

from usage_pipeline.costs.tables import TENANT_COSTS
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import warehouse_table
from usage_pipeline.validation.checking import check_days
from usage_pipeline.validation.checks import COST_CHECKS
from usage_pipeline_tests.costs.generic import call, price
from usage_pipeline_tests.costs.reading import FIRST, Prices, Run, costs
from usage_pipeline_tests.support import Landing

tenant_costs = warehouse_table(TENANT_COSTS.spec)


@pytest.fixture
def rated(storage: Storage, landing: Landing, run: Run, prices: Prices) -> Storage:
    """Ten priced tokens, of which the source says that they cost 200 times as much, and five without a price."""
    prices(price("one", 'input: "1"'))
    landing.write(
        "calls", "2026-05-01", [call("a", tokens_in=10, cost="2000"), call("b", model="n", tokens_out=5)]
    )
    run()
    return storage


def observed(storage: Storage, check: str) -> str:
    (found,) = (one for one in check_days(storage, COST_CHECKS, [FIRST], "test") if one.check_name == check)
    return found.observed


def test_costs_add_up_to_usage_and_dimensions_to_the_cube(rated: Storage) -> None:
    assert observed(rated, "costs_add_up") == "0 sums differ"


def test_a_dimension_that_does_not_add_up_is_named(rated: Storage) -> None:
    with rated.warehouse.begin() as connection:
        one = (tenant_costs.c.dimension == "model") & (tenant_costs.c.value == "m")
        connection.execute(update(tenant_costs).where(one).values(amount=Decimal("10.000000000001")))
    assert observed(rated, "costs_add_up") == (
        "1 sums differ: amount by model: 10.000000000001, expected 10.000000000000"
    )


def test_coverage_names_what_has_no_price_and_why(rated: Storage) -> None:
    assert observed(rated, "tokens_are_priced") == "5 of 15 tokens have no price: n (unknown_model)"
    assert [cost.coverage for cost in costs(rated)] == [Decimal("66.66")]


def test_records_that_report_far_more_than_they_cost_are_counted(rated: Storage) -> None:
    assert observed(rated, "reported_costs_are_plausible") == "1 records report more than ten times their cost"
