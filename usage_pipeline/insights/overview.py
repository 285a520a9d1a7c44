"""All that is told of what has been: trends, anomalies with what explains them, shares and peaks."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count

from usage_pipeline.errors import QueryError
from usage_pipeline.insights.anomalies.detection import (
    DAYS_BEFORE,
    JUDGED_DAYS,
    Anomaly,
    Judged,
    NotJudged,
    find_anomalies,
)
from usage_pipeline.insights.anomalies.explain import Contribution, explain_anomaly
from usage_pipeline.insights.anomalies.holidays import HOLIDAYS_FILE, holidays_of, read_holidays
from usage_pipeline.insights.breakdown import breakdown_of
from usage_pipeline.insights.measures import Measure
from usage_pipeline.insights.peaks import PeakQuestion, Peaks, read_peaks
from usage_pipeline.insights.read_series import SeriesQuestion, read_series
from usage_pipeline.insights.series import DailySeries
from usage_pipeline.insights.shares import Share, ShareQuestion, read_shares
from usage_pipeline.insights.trends import Trend, trend
from usage_pipeline.metrics.refusals import check_known
from usage_pipeline.registry import DIMENSION_NAMES, RECORD_METRIC_NAMES
from usage_pipeline.storage.opened import Storage
from usage_pipeline.tenants.models import Tenant
from usage_pipeline.tenants.reference import load_tenants

LAST_DAYS = 28
"""Days of shares and peaks: whole weeks, so that each weekday counts the same."""
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class InsightsQuestion:
    """Measures as of the end of a day. The numbers are those of now, whatever was known then."""

    measures: Sequence[Measure]
    as_of: date
    dimension: str = "model"
    """By which shares are."""
    judged_days: int = JUDGED_DAYS
    """The last days, of which anomalies are told."""

    @property
    def first(self) -> date:
        """The first day of shares and peaks."""
        return self.as_of - (LAST_DAYS - 1) * _DAY

    @property
    def judged_since(self) -> date:
        """The first day that is judged."""
        return self.as_of - (self.judged_days - 1) * _DAY

    @property
    def peak_metric(self) -> str | None:
        """The metric of peaks: the first measure that has a time of day; None if none has."""
        return next((entry.name for entry in self.measures if entry.name in RECORD_METRIC_NAMES), None)


@dataclass(frozen=True)
class Explained:
    """An anomaly, and the values of dimensions that explain most of it."""

    anomaly: Anomaly
    causes: Sequence[Contribution]


@dataclass(frozen=True)
class MeasureShares:
    """The shares of a measure."""

    measure: Measure
    shares: Sequence[Share]


@dataclass(frozen=True)
class Insights:
    """What is told of a tenant, or of all together."""

    tenant_id: str | None
    question: InsightsQuestion
    time_zone: str
    """By whose clock peaks are."""
    trends: Sequence[Trend]
    """Of each measure of which a day is known."""
    anomalies: Sequence[Explained]
    """The latest first."""
    not_judged: Sequence[NotJudged]
    judged_later: Sequence[Judged]
    """The series of which the first of the days asked for are not judged."""
    shares: Sequence[MeasureShares]
    """Of the measures that are sums and have the dimension."""
    peaks: Peaks | None
    """None if none of the measures has a time of day."""


def read_insights_of_each(
    storage: Storage,
    question: InsightsQuestion,
    tenant_ids: Sequence[str | None],
    tell: Callable[[int, int], None] = lambda _done, _of: None,
) -> Iterator[Insights]:
    """Yield what `read_insights` returns of each of these tenants, and tell how many series are judged."""
    every, done = len(tenant_ids) * len(question.measures), count(1)
    for tenant_id in tenant_ids:
        yield read_insights(storage, question, tenant_id, lambda: tell(next(done), every))


def read_insights(
    storage: Storage,
    question: InsightsQuestion,
    tenant_id: str | None,
    tell_judged: Callable[[], None] = lambda: None,
) -> Insights:
    """Return what is told of one tenant, or of all together, and tell of each series that is judged.

    Raises QueryError for a day that has not ended and for an unknown dimension, ReferenceFileError for
    a broken `holidays.yaml`, and PartitionError if the rows of a computed day are gone.
    """
    _expect_answerable(storage, question)
    holidays = holidays_of(read_holidays(storage.settings.reference / HOLIDAYS_FILE), tenant_id)
    known = load_tenants(storage.settings).by_id.get(tenant_id or "") or Tenant.model_validate({})
    series = read_series(storage, _history(question), tenant_id)
    judged = []
    for entry in series:
        judged.append(find_anomalies(entry, question.judged_since, holidays))
        tell_judged()
    return Insights(
        tenant_id=tenant_id,
        question=question,
        time_zone=known.time_zone,
        trends=[found for found in map(trend, series) if found],
        anomalies=_explained(storage, judged),
        not_judged=[entry for entry in judged if isinstance(entry, NotJudged)],
        judged_later=[entry for entry in judged if isinstance(entry, Judged) and entry.reason],
        shares=[_shares(storage, question, measure, tenant_id) for measure in _shared(question)],
        peaks=_peaks(storage, question, series, known.time_zone),
    )


def _expect_answerable(storage: Storage, question: InsightsQuestion) -> None:
    today = storage.settings.clock.today
    if question.as_of >= today:
        raise QueryError(f"{question.as_of} has not ended; expected a day before {today}.")
    check_known("dimension", [question.dimension], DIMENSION_NAMES)


def _history(question: InsightsQuestion) -> SeriesQuestion:
    """Return the days by which the first judged one can be judged, and all after them."""
    return SeriesQuestion(question.measures, question.judged_since - DAYS_BEFORE * _DAY, question.as_of)


def _explained(storage: Storage, judged: Sequence[Judged | NotJudged]) -> list[Explained]:
    found = [anomaly for entry in judged if isinstance(entry, Judged) for anomaly in entry.anomalies]
    found.sort(key=lambda anomaly: (anomaly.last_day, anomaly.score), reverse=True)
    return [Explained(anomaly, explain_anomaly(storage, anomaly)) for anomaly in found]


def _peaks(
    storage: Storage, question: InsightsQuestion, series: Sequence[DailySeries], time_zone: str
) -> Peaks | None:
    found = next((entry for entry in series if entry.measure.name == question.peak_metric), None)
    if found is None:
        return None
    used = found.used
    begun_before = used is not None and used.first < question.first
    asked = PeakQuestion(
        found.measure.name, question.first, question.as_of, time_zone, found.tenant_id, begun_before=begun_before
    )
    return read_peaks(storage, asked)


def _shared(question: InsightsQuestion) -> list[Measure]:
    return [
        measure
        for measure in question.measures
        if measure.is_sum and question.dimension in breakdown_of(measure).dimensions
    ]


def _shares(
    storage: Storage, question: InsightsQuestion, measure: Measure, tenant_id: str | None
) -> MeasureShares:
    asked = ShareQuestion(measure, question.dimension, question.first, question.as_of, tenant_id)
    return MeasureShares(measure, read_shares(storage, asked))
