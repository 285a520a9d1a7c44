"""`/v1/insights`: trends, anomalies with what explains them, shares and peaks."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from usage_pipeline.api.access import Data
from usage_pipeline.api.answers import AnswerModel, Exact
from usage_pipeline.api.parameters import AsOf, Measures, measures_of
from usage_pipeline.insights.anomalies.detection import JUDGED_DAYS, Kind, Severity
from usage_pipeline.insights.measures import USUAL
from usage_pipeline.insights.overview import Explained, InsightsQuestion, MeasureShares
from usage_pipeline.insights.peaks import Peaks
from usage_pipeline.insights.trends import Span, Trend
from usage_pipeline.registry import DIMENSION_NAMES

router = APIRouter(tags=["insights"])

_USUAL = ",".join(USUAL)
MOST_JUDGED_DAYS = 31
MOST_SHARES = 1_000


class ComparisonAnswer(AnswerModel):
    """The average of days, and that of the days before."""

    compared: Span
    first_day: date
    last_day: date
    now: Exact | None = Field(description="The mean of a day; null if no day has a number.")
    before: Exact | None
    change: Exact | None
    percent: Exact | None = Field(description="Null if there was nothing before.")


class TrendAnswer(AnswerModel):
    """How a measure goes, as of its last known day."""

    measure: str
    unit: str
    day: date
    week: Exact | None = Field(description="The mean of the last 7 days.")
    four_weeks: Exact | None = Field(description="The mean of the last 28 days.")
    comparisons: list[ComparisonAnswer]


class CauseAnswer(AnswerModel):
    """A value of a dimension that explains a part of an anomaly."""

    dimension: str
    value: str
    found: Exact | None = Field(
        description="What it has on the worst day; of a ratio its own ratio, null without a denominator."
    )
    usual: Exact | None = Field(description="The same on the same weekdays of four usual weeks before.")
    share: Exact = Field(description="Its part of the change; above 1 where others changed the other way.")
    weight: Exact | None = Field(description="Of a ratio, its part of the denominator; null of a sum.")
    usual_weight: Exact | None


class AnomalyAnswer(AnswerModel):
    """Days that are not as those before. The numbers are those of the worst one."""

    measure: str
    kind: Kind
    severity: Severity
    first_day: date
    last_day: date
    worst_day: date
    value: Exact
    expected: Exact
    low: Exact = Field(description="95 % of usual days are from `low` to `high`.")
    high: Exact
    score: Exact = Field(description="How far it is from what is expected, in standard deviations of usual days.")
    causes: list[CauseAnswer]


class NotJudgedAnswer(AnswerModel):
    """A measure that is not looked at for anomalies."""

    measure: str
    reason: str


class JudgedLaterAnswer(AnswerModel):
    """A measure of which the first of the days asked for are not looked at for anomalies."""

    measure: str
    first_day: date = Field(description="The first day that is judged.")
    reason: str | None = Field(description="Why days before it are not.")


class ShareAnswer(AnswerModel):
    """The part that a value has, and had on as many days before."""

    value: str
    amount: Exact | None
    percent: Exact | None
    before: Exact | None
    shift: Exact | None = Field(description="What the percentage is more, in points.")


class SharesAnswer(AnswerModel):
    """The shares of a measure."""

    measure: str
    items: list[ShareAnswer] = Field(description="The largest first.")
    left_out: int = Field(description="How many there are beyond `take`.")


class BusyDayAnswer(AnswerModel):
    """A local day."""

    day: date
    total: int


class PeaksAnswer(AnswerModel):
    """When there is most of a metric, by the clock of the tenant. Means are null where nothing is known."""

    metric: str
    time_zone: str
    days: list[BusyDayAnswer] = Field(description="The busiest first.")
    weekdays: list[Exact | None] = Field(description="The mean of a day, Monday first.")
    hours: list[Exact | None] = Field(description="The mean of an hour of the day.")
    week: list[list[Exact | None]] = Field(description="The mean of an hour by weekday and hour.")


class InsightsAnswer(AnswerModel):
    """What changed until a day."""

    as_of: date = Field(description="The last day that counts.")
    trends: list[TrendAnswer]
    anomalies: list[AnomalyAnswer] = Field(description="Of the last days, the latest first.")
    not_judged: list[NotJudgedAnswer]
    judged_later: list[JudgedLaterAnswer] = Field(
        description="Where history was too short for the first of the days asked for."
    )
    dimension: str = Field(description="By which shares are.")
    shares: list[SharesAnswer] = Field(description="Of the last 28 days.")
    peaks: PeaksAnswer | None = Field(
        description="Of the last 28 days since the first use, of the first measure with a time of day; or null."
    )


Dimension = Annotated[
    str,
    Query(description="The dimension of shares.", json_schema_extra={"enum": [*DIMENSION_NAMES]}),
]
JudgedDays = Annotated[
    int, Query(alias="days", ge=1, le=MOST_JUDGED_DAYS, description="The last days, of which anomalies are told.")
]
MostShares = Annotated[int, Query(ge=1, le=MOST_SHARES, description="The most shares of a measure.")]


@router.get("/insights")
def insights(  # noqa: PLR0913, PLR0917 - one for each parameter
    data: Data,
    measures: Measures = _USUAL,
    as_of: AsOf = None,
    dimension: Dimension = "model",
    days: JudgedDays = JUDGED_DAYS,
    take: MostShares = 100,
) -> InsightsAnswer:
    """Return trends, anomalies with what explains them, shares with their shift, and peaks."""
    question = InsightsQuestion(measures_of(measures), as_of or data.clock.yesterday, dimension, days)
    found = data.insights(question)
    return InsightsAnswer(
        as_of=question.as_of,
        trends=[_trend(trend) for trend in found.trends],
        anomalies=[_anomaly(entry) for entry in found.anomalies],
        not_judged=[
            NotJudgedAnswer(measure=entry.series.measure.name, reason=entry.reason) for entry in found.not_judged
        ],
        judged_later=[
            JudgedLaterAnswer(measure=entry.series.measure.name, first_day=entry.days[0], reason=entry.reason)
            for entry in found.judged_later
        ],
        dimension=dimension,
        shares=[_shares(shares, take) for shares in found.shares],
        peaks=_peaks(found.peaks, found.time_zone) if found.peaks else None,
    )


def _trend(trend: Trend) -> TrendAnswer:
    comparisons = [
        ComparisonAnswer(
            compared=span,
            first_day=found.now.first,
            last_day=found.now.last,
            now=found.now.value,
            before=found.before.value,
            change=found.change,
            percent=found.percent,
        )
        for span, found in trend.comparisons.items()
    ]
    measure, means = trend.series.measure, (trend.week.value, trend.four_weeks.value)
    return TrendAnswer(
        measure=measure.name,
        unit=measure.unit,
        day=trend.day,
        week=means[0],
        four_weeks=means[1],
        comparisons=comparisons,
    )


def _anomaly(entry: Explained) -> AnomalyAnswer:
    anomaly = entry.anomaly
    return AnomalyAnswer.model_validate(
        {
            **vars(anomaly),
            "measure": anomaly.measure.name,
            "severity": anomaly.severity,
            "low": anomaly.range.low,
            "high": anomaly.range.high,
            "causes": [CauseAnswer.model_validate(cause) for cause in entry.causes],
        }
    )


def _shares(found: MeasureShares, take: int) -> SharesAnswer:
    items = [ShareAnswer.model_validate(share) for share in found.shares[:take]]
    return SharesAnswer(measure=found.measure.name, items=items, left_out=max(len(found.shares) - take, 0))


def _peaks(found: Peaks, time_zone: str) -> PeaksAnswer:
    return PeaksAnswer(
        metric=found.metric,
        time_zone=time_zone,
        days=[BusyDayAnswer(day=day, total=total) for day, total in found.days],
        weekdays=list(found.weekdays),
        hours=list(found.hours),
        week=[list(hours) for hours in found.week],
    )
