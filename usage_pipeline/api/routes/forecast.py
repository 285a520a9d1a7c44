"""`/v1/forecast`: what is expected of usage, cost and credits, and when credits run out and limits are passed."""

from datetime import date
from decimal import Decimal

from fastapi import APIRouter
from pydantic import Field

from usage_pipeline.api.access import Data
from usage_pipeline.api.answers import AnswerModel, Exact
from usage_pipeline.api.parameters import AsOf, SumMeasures, measures_of
from usage_pipeline.insights.estimates import Estimate
from usage_pipeline.insights.forecasting.forecast import LEAST_ERROR_DAYS, Accuracy, Forecast, Passing
from usage_pipeline.insights.measures import SUMS, USUAL_SUMS
from usage_pipeline.insights.outlook.credits_left import CreditsLeft
from usage_pipeline.insights.outlook.expected import Expected, PeriodEstimate
from usage_pipeline.insights.outlook.limit_passing import LimitOutlook

router = APIRouter(tags=["insights"])

_USUAL = ",".join(USUAL_SUMS)


class EstimateAnswer(AnswerModel):
    """An estimate: the middle of what is likely, and what holds 50, 80 and 95 of 100 cases."""

    estimate: Exact
    low_50: Exact
    high_50: Exact
    low_80: Exact
    high_80: Exact
    low_95: Exact
    high_95: Exact


class DayEstimateAnswer(EstimateAnswer):
    """What is expected of a day."""

    day: date = Field(description="UTC.")


class PeriodEstimateAnswer(EstimateAnswer):
    """The sum of a billing period: what is known of it, and what is expected of the other days."""

    first_day: date
    last_day: date
    known: Exact = Field(description="What is known of it so far.")
    missing_days: int = Field(
        description="Days so far of which nothing is known: they are in no part of the estimate."
    )
    estimated_days: int = Field(
        description="Days so far after the last known one: the estimate has what is expected of them."
    )


class AccuracyAnswer(AnswerModel):
    """How forecasts made in the same way came true, on days by which the method was not chosen."""

    windows: int = Field(description="Forecasts that were compared with what came.")
    days: int = Field(description="Days of each.")
    mase: Exact | None = Field(
        description="Mean absolute error, in those of `seasonal naive` a week ahead; null if that hardly errs."
    )
    naive_mase: Exact | None = Field(
        description="The same of `seasonal naive` on the same days: of the last known value a week before."
    )
    left_out: int = Field(
        description="Days that are far above all others, and therefore in none of these numbers."
    )
    coverage_50: Exact = Field(description="Percentage of the days within the range.")
    coverage_80: Exact
    coverage_95: Exact


class MeasureForecastAnswer(AnswerModel):
    """The forecast of a measure; without one, the reason."""

    measure: str
    unit: str
    reason: str | None = Field(description="Why there is no forecast; null if there is one.")
    method: str | None = Field(description="How it is forecast.")
    candidates: dict[str, Exact | None] = Field(
        description="The mean error of each method that it was chosen from; a day errs 3 at most."
    )
    accuracy: AccuracyAnswer | None = Field(
        description=f"Null if the history is too short to tell: it takes {LEAST_ERROR_DAYS} days or more."
    )
    days: list[DayEstimateAnswer] = Field(
        description="From the last known day on, to the end of the billing period and 30 days on."
    )
    period: PeriodEstimateAnswer | None = Field(
        description="The billing period; a month for all tenants together."
    )
    next_period: PeriodEstimateAnswer | None = Field(
        description="The next one; `high_80` is a budget that is enough in 90 of 100 cases."
    )


class PassingAnswer(AnswerModel):
    """Whether and when something is passed."""

    probability: Exact = Field(description="From 0 to 1, that it is.")
    day: date | None = Field(description="By which it is in half of the cases; null if it is in fewer.")
    earliest: date | None = Field(description="The same for a tenth.")
    latest: date | None = Field(description="The same for nine tenths.")
    is_over: bool = Field(
        description="Whether it is already, by what was used. The days are when it came to be so, null if unknown."
    )


class CreditsLeftAnswer(AnswerModel):
    """Whether and when credits run out: a day on which grants, also those to come, do not pay all usage."""

    known_until: date = Field(description="The last day whose usage is known.")
    left: Exact | None = Field(description="At its end, of all grants, less the overage; null without grants.")
    until: date = Field(description="The last day that is looked at.")
    runs_out: PassingAnswer | None
    reason: str | None = Field(description="Why it is not known.")


class LimitForecastAnswer(AnswerModel):
    """Whether and when a limit is passed."""

    limit_id: str
    member_id: str = Field(description="The member whose usage counts; empty without a restriction.")
    project: str
    model: str
    metric: str
    period: str = Field(description="`day`, `week`, `month`, `billing` or `rolling N days`.")
    first_day: date = Field(description="First day of its present period.")
    last_day: date = Field(description="The last day that is looked at.")
    amount: Exact
    used: Exact
    missing_days: int = Field(
        description="Days of the period so far of which nothing is known: `used` lacks them."
    )
    at_end: EstimateAnswer | None = Field(description="The use at the end of the present period.")
    passes: PassingAnswer | None
    reason: str | None = Field(description="Why it is not known.")


class ForecastAnswer(AnswerModel):
    """What is expected after a day."""

    as_of: date = Field(description="The last day that counts.")
    items: list[MeasureForecastAnswer] = Field(description="One for each measure.")
    credits: CreditsLeftAnswer | None = Field(
        description="Null if `credits` is none of the measures, and for all tenants together."
    )
    limits: list[LimitForecastAnswer] = Field(description="The limits of the tenant on these measures.")


@router.get("/forecast")
def forecast(data: Data, measures: SumMeasures = _USUAL, as_of: AsOf = None) -> ForecastAnswer:
    """Return what is expected after the last day that has ended, by what is known now. All of it is estimated."""
    found = data.outlook(measures_of(measures, SUMS), as_of or data.clock.yesterday)
    return ForecastAnswer(
        as_of=found.horizon.as_of,
        items=[_item(expected) for expected in found.expected],
        credits=_credits(found.credits) if found.credits else None,
        limits=[_limit(limit) for limit in found.limits],
    )


def _item(expected: Expected) -> MeasureForecastAnswer:
    found = expected.forecast
    return MeasureForecastAnswer(
        measure=expected.measure.name,
        unit=expected.measure.unit,
        reason=expected.reason,
        method=found.method if found else None,
        candidates=_candidates(found),
        accuracy=_accuracy(found.accuracy) if found and found.accuracy else None,
        days=[DayEstimateAnswer(day=point.day, **_ends(point.estimate)) for point in expected.days],
        period=_period(expected.period),
        next_period=_period(expected.next_period),
    )


def _candidates(found: Forecast | None) -> dict[str, Decimal | None]:
    return {method.value: error for method, error in found.candidates.items()} if found else {}


def _accuracy(found: Accuracy) -> AccuracyAnswer:
    coverage = {f"coverage_{level}": percent for level, percent in found.coverage.items()}
    return AccuracyAnswer(
        windows=found.windows,
        days=found.days,
        mase=found.mase,
        naive_mase=found.naive_mase,
        left_out=found.left_out,
        **coverage,
    )


def _ends(found: Estimate) -> dict[str, Decimal]:
    row = dict(found.row)
    return {"estimate": row.pop("value"), **row}


def _period(found: PeriodEstimate | None) -> PeriodEstimateAnswer | None:
    if found is None:
        return None
    return PeriodEstimateAnswer(
        first_day=found.days.first,
        last_day=found.days.last,
        known=found.known,
        missing_days=found.missing_days,
        estimated_days=found.estimated_days,
        **_ends(found.estimate),
    )


def _credits(found: CreditsLeft) -> CreditsLeftAnswer:
    return CreditsLeftAnswer(
        known_until=found.as_of,
        left=found.left,
        until=found.until,
        runs_out=_passing(found.passing),
        reason=found.reason,
    )


def _passing(found: Passing | None) -> PassingAnswer | None:
    return PassingAnswer.model_validate(found) if found else None


def _limit(found: LimitOutlook) -> LimitForecastAnswer:
    return LimitForecastAnswer.model_validate(
        {
            **found.status.row,
            "last_day": found.last,
            "at_end": EstimateAnswer(**_ends(found.expected)) if found.expected else None,
            "passes": _passing(found.passing),
            "reason": found.reason,
        }
    )
