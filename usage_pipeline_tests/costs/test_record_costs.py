"""What `explain` says of a record's cost is what cube, tenant and total say."""

from decimal import Decimal

import pytest
from sqlalchemy import select

from usage_pipeline.costs.tables import TENANT_COSTS
from usage_pipeline.pipeline.explain import explain
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import warehouse_table
from usage_pipeline_tests.costs.generic import call, price
from usage_pipeline_tests.costs.reading import Prices, amounts
from usage_pipeline_tests.support import Landing, land_and_compute

tenant_costs = warehouse_table(TENANT_COSTS.spec)

TOKEN = Decimal("0.000000041667")


@pytest.fixture
def three_tokens(storage: Storage, landing: Landing, prices: Prices) -> Storage:
    """Three records of one token at 0.041666666666666664 USD per million."""
    prices(price("one", 'input: "0.041666666666666664"', unit="million_tokens"))
    landing.write("calls", "2026-05-01", [call(name, tokens_in=1) for name in "abc"])
    land_and_compute(storage, "costs")
    return storage


def test_three_records_of_one_token_cost_the_same_everywhere(three_tokens: Storage) -> None:
    explained = [cost for name in "abc" for line in explain(three_tokens, name) for cost in line.costs]
    assert [cost.amount for cost in explained] == [TOKEN] * 3
    assert {(cost.unit_price, cost.price_id) for cost in explained} == {(Decimal("4.1666666666666664E-8"), "one")}
    with three_tokens.warehouse.connect() as connection:
        of_model = select(tenant_costs.c.amount).where(tenant_costs.c.dimension == "model")
        assert connection.execute(of_model).scalars().all() == [3 * TOKEN]
    assert amounts(three_tokens, "class") == {"input": 3 * TOKEN}
    assert amounts(three_tokens) == {None: 3 * TOKEN}
