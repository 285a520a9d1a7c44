"""`/v1/usage/breakdown` and `/v1/usage/hours`: usage by groups, and by hours of the week."""

from typing import Annotated

from fastapi import APIRouter, Query

from usage_pipeline.api.access import Data
from usage_pipeline.api.parameters import Days, Filters, words
from usage_pipeline.api.rows import GroupBy, RowsAnswer, Shown, read_rows
from usage_pipeline.metrics.queries import UsageQuery
from usage_pipeline.registry import METRIC_NAMES

router = APIRouter(tags=["usage"])

_USUAL = "requests,messages,conversations,tokens_in,tokens_out,tokens_total,errors,credits"

Metrics = Annotated[
    str,
    Query(
        description=(
            f"Words with commas between them, some of {', '.join(METRIC_NAMES)}, operations, unrated_operations, "
            "credits."
        )
    ),
]


@router.get("/usage/breakdown")
def breakdown(  # noqa: PLR0913, PLR0917 - one for each parameter
    data: Data,
    days: Days,
    among: Filters,
    shown: Shown,
    group_by: GroupBy = "",
    metrics: Metrics = _USUAL,
) -> RowsAnswer:
    """Return sums of usage by day, tenant and dimensions. Credits are null where no operation has a rate."""
    query = UsageQuery(days.first, days.last, words(group_by), metrics=words(metrics), among=among)
    return read_rows(data, query, shown)
