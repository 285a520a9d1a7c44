"""`/v1/usage/breakdown` and `/v1/usage/hours`: usage by groups, and by hours of the week."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import Field

from usage_pipeline.api.access import Data
from usage_pipeline.api.answers import AnswerModel, JsonAnswer, MissingDays
from usage_pipeline.api.parameters import DayRange, Days, Filters, words
from usage_pipeline.api.rows import GroupBy, RowsAnswer, Shown, read_rows
from usage_pipeline.api.tenant_data import TenantData
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


@router.get("/usage/breakdown", response_model=RowsAnswer)
def breakdown(  # noqa: PLR0913, PLR0917 - one for each parameter
    data: Data,
    days: Days,
    among: Filters,
    shown: Shown,
    group_by: GroupBy = "",
    metrics: Metrics = _USUAL,
) -> Response:
    """Return sums of usage by day, tenant and dimensions. Credits are null where no operation has a rate."""
    query = UsageQuery(days.first, days.last, words(group_by), metrics=words(metrics), among=among)
    return JsonAnswer(data.kept(lambda: read_rows(data, query, shown), days))


class WeekHourAnswer(AnswerModel):
    """An hour of the week: sums over all its hours in the range, null if none of them is known."""

    weekday: str = Field(description="`Mon` to `Sun`.")
    hour: int
    requests: int | None
    tokens: int | None


class WeekHoursAnswer(AnswerModel):
    """The 168 hours of the week."""

    time_zone: str = Field(description="Whose hours they are: the zone of the tenant, UTC for all tenants.")
    items: list[WeekHourAnswer]
    missing_days: MissingDays


@router.get("/usage/hours", response_model=WeekHoursAnswer)
def hours(data: Data, days: Days) -> Response:
    """Return at which hours of the week there is usage, by the clock of the tenant. The days are local ones."""
    zone = data.tenant.time_zone
    return JsonAnswer(data.kept(lambda: _week_hours(data, days, zone), days, zone))


def _week_hours(data: TenantData, days: DayRange, zone: str) -> WeekHoursAnswer:
    found = data.week_hours(days.first, days.last)
    items = [WeekHourAnswer.model_validate(hour) for hour in found.hours]
    return WeekHoursAnswer(time_zone=zone, items=items, missing_days=found.missing_days)
