"""`/v1/costs`: what usage costs, and how much of it has a price."""

from fastapi import APIRouter
from fastapi.responses import Response

from usage_pipeline.api.access import Data
from usage_pipeline.api.answers import JsonAnswer
from usage_pipeline.api.parameters import CostFilters, Days, words
from usage_pipeline.api.rows import GroupBy, RowsAnswer, Shown, read_rows
from usage_pipeline.metrics.queries import CostQuery

router = APIRouter(tags=["costs"])


@router.get("/costs", response_model=RowsAnswer)
def costs(data: Data, days: Days, among: CostFilters, shown: Shown, group_by: GroupBy = "") -> Response:
    """Return costs by day, tenant, dimensions, token class, price and the reason why there is none.

    `amount` is in US dollars, and null where nothing has a price. `coverage` is the percentage of the tokens that
    have a price, `fee_coverage` that of requests, searches and tool calls.
    """
    query = CostQuery(days.first, days.last, words(group_by), among=among)
    return JsonAnswer(data.kept(lambda: read_rows(data, query, shown), days))
