"""`/v1/usage/fetch`, `/v1/bots/{id}/usage` and `/v1/conversations/{id}/usage`: totals, and what they are of."""

from datetime import date, timedelta
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response
from pydantic import Field

from usage_pipeline.api.access import Data
from usage_pipeline.api.answers import AnswerModel, JsonAnswer, MissingDays
from usage_pipeline.api.ids import any_id
from usage_pipeline.api.parameters import DayRange, Days, written_as
from usage_pipeline.api.problems import ProblemError
from usage_pipeline.api.rows import total_of
from usage_pipeline.api.tenant_data import TenantData
from usage_pipeline.billing.calendar import BillingPeriod
from usage_pipeline.metrics.queries import RelatedQuery, SeriesQuery
from usage_pipeline.metrics.words import RESOURCES

router = APIRouter(tags=["usage"])

Count = int | None
PrunedDays = Annotated[
    int, Field(description="Days that have lost records past their term, which are not counted.")
]
_ONE = timedelta(days=1)


class PeriodAnswer(AnswerModel):
    """A billing period, in UTC days."""

    first: date = Field(serialization_alias="from", description="First day.")
    end: date = Field(serialization_alias="to", description="The day after the last one.")


class PeriodUsageAnswer(AnswerModel):
    """What a tenant used in a billing period, by the end of yesterday."""

    period: PeriodAnswer
    tokens: Count = Field(description="Input and output tokens; null if all days are missing.")
    conversations: Count = Field(description="Conversations that began.")
    messages: Count
    resources: dict[str, Count] = Field(
        description=(
            f"How many different ones have a record: {', '.join(RESOURCES)}. Null if all records are pruned."
        ),
        examples=[{"bots": 3}],
    )
    missing_days: int = Field(description="Days of the period that are over and of which nothing is known.")
    pruned_days: PrunedDays = Field(description="Days that have lost records, whose resources are not counted.")


class RelatedUsageAnswer(AnswerModel):
    """What the records of a bot or a conversation used."""

    id: str
    first: date = Field(serialization_alias="from", description="First day, UTC.")
    end: date = Field(serialization_alias="to", description="The day after the last one, UTC.")
    records: Count = Field(description="Usage records; null if all days are missing.")
    requests: Count
    messages: Count
    conversations: Count = Field(description="Conversations that have a record.")
    tokens: Count = Field(description="Input and output tokens.")
    tokens_in: Count = Field(description="Input tokens, cached input included.")
    tokens_out: Count = Field(description="Output tokens, reasoning included.")
    errors: Count = Field(description="Records that failed.")
    missing_days: MissingDays
    pruned_days: PrunedDays


_MONTH = r"^(197[2-9]|19[89]\d|[2-8]\d{3})-(0[1-9]|1[0-2])$"
Month = Annotated[
    str | None,
    written_as(_MONTH, "a month, YYYY-MM, from 1972 to 8999"),
    Query(
        alias="period",
        json_schema_extra={"pattern": _MONTH},
        description="The month in which the period begins, such as `2026-02`; the present period without it.",
    ),
]
Id = Annotated[str, Path(min_length=1, description="Its id, percent-encoded.")]


@router.get("/usage/fetch", response_model=PeriodUsageAnswer)
def period_usage(data: Data, period: Month = None) -> Response:
    """Return tokens, conversations and messages of a billing period, and the resources that were used."""
    found = data.billing_period(None if period is None else date.fromisoformat(f"{period}-01"))
    return JsonAnswer(data.kept(lambda: _period_usage(data, found), found))


def _period_usage(data: TenantData, found: BillingPeriod) -> PeriodUsageAnswer:
    first, last = found.first, min(found.last, data.clock.today - _ONE)
    series = data.read(SeriesQuery(first, last))
    (resources,) = data.read(RelatedQuery(first, last, metrics=tuple(RESOURCES))).rows
    pruned = data.pruned_days(first, last)
    return PeriodUsageAnswer(
        period=PeriodAnswer(first=first, end=found.last + _ONE),
        **total_of(series),
        resources=dict.fromkeys(resources) if pruned.are_all else resources,
        missing_days=len(series.missing),
        pruned_days=pruned.number,
    )


@router.get(f"/bots/{any_id('resource_id')}/usage", response_model=RelatedUsageAnswer)
def bot_usage(data: Data, days: Days, resource_id: Id) -> Response:
    """Return what the records of a bot used."""
    return JsonAnswer(data.kept(lambda: _related(data, days, "bot_id", resource_id), days))


@router.get(f"/conversations/{any_id('resource_id')}/usage", response_model=RelatedUsageAnswer)
def conversation_usage(data: Data, days: Days, resource_id: Id) -> Response:
    """Return what the records of a conversation used."""
    return JsonAnswer(data.kept(lambda: _related(data, days, "conversation_id", resource_id), days))


def _related(data: TenantData, days: DayRange, name: str, value: str) -> RelatedUsageAnswer:
    """Return the sums. Raises ProblemError (404) if no record of these days has the id."""
    found = data.read(RelatedQuery(days.first, days.last, where=((name, value),)))
    (sums,) = found.rows
    if sums["records"] == 0:
        raise ProblemError(HTTPStatus.NOT_FOUND, f"No record from {days.first} to {days.last} has this {name}.")
    return RelatedUsageAnswer(
        id=value,
        first=days.first,
        end=days.last + _ONE,
        **{metric: sums[metric] for metric in sums if metric in RelatedUsageAnswer.model_fields},
        tokens=sums["tokens_total"],
        missing_days=len(found.missing),
        pruned_days=data.pruned_days(days.first, days.last).number,
    )
