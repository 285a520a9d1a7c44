"""`/v1/summary`: what an overview shows of a range of days, and of the one before it."""

from datetime import date, timedelta

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import Field

from usage_pipeline.api.access import Data
from usage_pipeline.api.answers import AnswerModel, Exact, JsonAnswer, MissingDays
from usage_pipeline.api.parameters import DayRange, Days
from usage_pipeline.api.rows import total_of
from usage_pipeline.api.tenant_data import TenantData
from usage_pipeline.metrics.summary import Summary, SummaryQuery
from usage_pipeline.metrics.words import PERFORMANCE_METRICS, QUALITY_METRICS

router = APIRouter(tags=["usage"])

Count = int | None
_USAGE = (
    *("records", "prompts", "runs", "conversations", "messages"),
    *("tokens_in", "tokens_out", "tokens_total", "credits"),
)


class RangeSummary(AnswerModel):
    """A range of days. Sums are null if all its days are missing."""

    first: date = Field(serialization_alias="from", description="First day, UTC.")
    end: date = Field(serialization_alias="to", description="The day after the last one, UTC.")
    missing_days: MissingDays
    records: Count = Field(description="Usage records.")
    prompts: Count = Field(description="Prompt events.")
    runs: Count = Field(description="Agent runs.")
    conversations: Count = Field(description="Conversations that began.")
    messages: Count
    tokens_in: Count = Field(description="Input tokens, cached input included.")
    tokens_out: Count = Field(description="Output tokens, reasoning included.")
    tokens_total: Count = Field(description="Input and output tokens.")
    personas: Count = Field(description="Personas at the end of the last known day; null if all days are missing.")
    timeline_entries: Count = Field(description="Timeline entries then.")
    requests: Count
    errors: Count = Field(description="Requests that failed.")
    error_percent: Exact | None = Field(description="The percentage that failed; null without requests.")
    p50_ms: Count = Field(description="Half of the requests took no longer, in ms; null without latencies.")
    p95_ms: Count = Field(description="95 % took no longer.")
    p99_ms: Count = Field(description="99 % took no longer.")
    checks: Count = Field(description="Consistency checks of personas.")
    clean_percent: Exact | None = Field(description="The percentage without an issue; null without checks.")
    issues: Count = Field(description="Issues that they found.")
    issues_per_1000_prompts: Exact | None
    cost: Exact | None = Field(description="In US dollars; null if nothing has a price.")
    cost_coverage: Exact | None = Field(description="Percentage of the tokens that have a price.")
    credits: Exact | None = Field(description="Credits of operations; null if none has a rate.")


_REQUESTS = tuple(name for name in PERFORMANCE_METRICS if name in RangeSummary.model_fields)


class SummaryAnswer(AnswerModel):
    """A range of days, and as many days before it to compare with."""

    current: RangeSummary
    previous: RangeSummary


@router.get("/summary", response_model=SummaryAnswer)
def summary(data: Data, days: Days) -> Response:
    """Return prompts, personas, timeline entries, tokens, latency, quality, cost and credits."""
    return JsonAnswer(data.kept(lambda: _both(data, days), days))


def _both(data: TenantData, days: DayRange) -> SummaryAnswer:
    before = (days.first - timedelta(days=days.length), days.first - timedelta(days=1))
    query = SummaryQuery((before, (days.first, days.last)), _USAGE, _REQUESTS)
    previous, current = map(_summary, data.summaries(query))
    return SummaryAnswer(current=current, previous=previous)


def _summary(found: Summary) -> RangeSummary:
    usage, costs = total_of(found.usage), total_of(found.costs)
    return RangeSummary(
        first=found.usage.query.first,
        end=found.usage.query.last + timedelta(days=1),
        missing_days=len(found.usage.missing),
        **{name: usage[name] for name in _USAGE},
        **found.stocks,
        **found.requests,
        **{name: found.checks[name] if found.usage.known else None for name in QUALITY_METRICS},
        cost=costs["amount"],
        cost_coverage=costs["coverage"],
    )
