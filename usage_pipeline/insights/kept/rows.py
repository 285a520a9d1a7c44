"""What is kept of series as of a day, as rows of the tables."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from usage_pipeline.insights.anomalies.detection import JUDGED_DAYS, Anomaly, NotJudged, find_anomalies
from usage_pipeline.insights.anomalies.explain import explain_anomaly
from usage_pipeline.insights.forecasting.forecast import Forecast, NoForecast
from usage_pipeline.insights.kept.known_then import KnownSeries
from usage_pipeline.insights.kept.tables import LEVELS
from usage_pipeline.insights.outlook.limit_passing import LimitOutlook
from usage_pipeline.insights.recommendations.recommendation import Recommendation
from usage_pipeline.insights.trends import Span, trend
from usage_pipeline.storage.opened import Storage

Row = tuple[Any, ...]
ALL_TENANTS = ""
_DAY = timedelta(days=1)


def trend_row(known: KnownSeries, as_of: date, not_judged: str | None, no_forecast: str | None) -> Row:
    """Return the row of `usage_trends`."""
    found = trend(known.series)
    if found is None:
        numbers: Sequence[object] = (None,) * 9
    else:
        percents = (found.comparisons[span].percent for span in Span)
        value = known.series.by_day[found.day]
        numbers = (found.day, value, found.week.value, found.four_weeks.value, *percents)
    return (*key(known, as_of), *numbers, not_judged, no_forecast, known.hindsight)


def key(known: KnownSeries, as_of: date) -> Row:
    """Return the first columns of the tables of series."""
    return as_of, known.tenant_id or ALL_TENANTS, known.measure.name


def judged(
    storage: Storage, known: KnownSeries, as_of: date, holidays: Collection[date]
) -> tuple[list[Row], str | None]:
    """Return the rows of `usage_anomalies`, or why no day was judged."""
    found = find_anomalies(known.series, as_of - (JUDGED_DAYS - 1) * _DAY, holidays)
    if isinstance(found, NotJudged):
        return [], found.reason
    return [_anomaly_row(storage, known, as_of, one) for one in found.anomalies], None


def _anomaly_row(storage: Storage, known: KnownSeries, as_of: date, found: Anomaly) -> Row:
    explanation = _explained(storage, found) if found.last_day == as_of else None
    return (
        *key(known, as_of),
        *(str(found.kind), found.first_day, found.last_day, found.worst_day),
        *(found.value, found.expected, found.range.low, found.range.high),
        *(found.score, str(found.severity), explanation, known.hindsight),
    )


def _explained(storage: Storage, found: Anomaly) -> str | None:
    parts = [vars(part) for part in explain_anomaly(storage, found) if part.dimension != "member_id"]
    return as_json(parts) if parts else None


def forecast_rows(known: KnownSeries, as_of: date, found: Forecast | NoForecast, until: date) -> Iterator[Row]:
    """Yield the rows of `usage_forecasts`."""
    if isinstance(found, Forecast):
        mase = found.accuracy.mase if found.accuracy else None
        for point in found.points:
            if as_of < point.day <= until:
                numbers = point.estimate.row.values()
                yield (*key(known, as_of), point.day, *numbers, str(found.method), mase, known.hindsight)


def limit_row(found: LimitOutlook, as_of: date, *, hindsight: bool) -> Row:
    """Return the row of `limit_outlooks`."""
    status, passing = found.status, found.passing
    days = (passing.probability, passing.day, passing.earliest, passing.latest) if passing else (None,) * 4
    return (
        *(as_of, status.limit.id, status.tenant_id, *status.values, status.limit.metric),
        *(str(status.limit.period), found.last, status.limit.amount, status.used),
        *(found.expected and found.expected.value, *days, found.reason, hindsight),
    )


def recommendation_row(found: Recommendation, *, hindsight: bool) -> Row:
    """Return the row of `recommendations`; ids of members are in no row, so that erasing one changes none."""
    evidence = as_json(() if found.names_members else found.evidence)
    return (
        *(found.as_of, found.tenant_id, found.kind, found.title, found.text, found.rows),
        *(evidence, found.saving_usd, found.saving_credits, found.saving_per, found.sql, hindsight),
    )


def as_json(value: object) -> str:
    """Return a value as JSON, with decimals and days as texts."""
    return json.dumps(value, default=_plain, ensure_ascii=False)


def _plain(value: object) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def accuracy_row(forecast: Mapping[str, Any], known: KnownSeries, as_of: date) -> Row | None:
    """Return the row of `forecast_accuracy`; None if it is not known what came."""
    actual = known.series.by_day.get(as_of)
    if actual is None:
        return None
    within = (forecast[f"low_{level}"] <= actual <= forecast[f"high_{level}"] for level in LEVELS)
    return (
        *key(known, as_of),
        (as_of - forecast["as_of"]).days,
        *(forecast["value"], actual, actual - forecast["value"]),
        *within,
        *(forecast["method"], forecast["hindsight"] or known.hindsight),
    )
