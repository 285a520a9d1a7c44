"""Reads the limits of tenants, and the series of those that count a part of the usage only."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date

from usage_pipeline.clock import end_of
from usage_pipeline.insights.forecasting.forecast import Forecast, NoForecast, forecast_each
from usage_pipeline.insights.measures import measure_of
from usage_pipeline.insights.outlook.expected import Expected
from usage_pipeline.insights.outlook.horizon import Horizon, history_begin
from usage_pipeline.insights.outlook.limit_passing import LimitOutlook, limit_outlook
from usage_pipeline.insights.read_series import SeriesQuestion, read_series_of_values
from usage_pipeline.insights.series import DailySeries
from usage_pipeline.limits.limited import SCOPED
from usage_pipeline.limits.read_status import read_status
from usage_pipeline.limits.status import LimitStatus, ScopeValues
from usage_pipeline.storage.opened import Storage

_Key = tuple[str, ScopeValues]
"""What a limit counts: the metric, and the values of its scope."""
_Found = Mapping[_Key, Forecast | NoForecast]


def read_limit_statuses(
    storage: Storage, as_of: date, metrics: Collection[str], tenant_id: str | None
) -> Mapping[str, Sequence[LimitStatus]]:
    """Return how the limits on these metrics stand at the end of a day, by tenant."""
    found: defaultdict[str, list[LimitStatus]] = defaultdict(list)
    for status in read_status(storage, end_of(as_of), tenant_id):
        if status.limit.metric in metrics:
            found[status.tenant_id].append(status)
    return found


def limit_outlooks(
    storage: Storage, expected: Sequence[Expected], statuses: Sequence[LimitStatus]
) -> list[LimitOutlook]:
    """Return whether and when a tenant passes its limits, whose metrics are among those that are expected."""
    horizon = expected[0].horizon
    whole: _Found = {(entry.measure.name, ("",) * len(SCOPED)): entry.found for entry in expected}
    found = {**whole, **_of_scopes(storage, horizon, [status for status in statuses if any(status.values)])}
    return [limit_outlook(status, found[_key(status)], horizon) for status in statuses]


def _key(status: LimitStatus) -> _Key:
    return status.limit.metric, status.values


def _of_scopes(storage: Storage, horizon: Horizon, statuses: Sequence[LimitStatus]) -> _Found:
    """Return the forecasts of what limits count that are restricted to some usage."""
    series = dict(_series_of_scopes(storage, horizon, statuses))
    return dict(zip(series, forecast_each(list(series.values()), horizon.until), strict=True))


def _series_of_scopes(
    storage: Storage, horizon: Horizon, statuses: Sequence[LimitStatus]
) -> Iterator[tuple[_Key, DailySeries]]:
    by_shape: defaultdict[tuple[str, ...], list[LimitStatus]] = defaultdict(list)
    for status in statuses:
        by_shape[tuple(name for name, value in zip(SCOPED, status.values, strict=True) if value)].append(status)
    for dimensions, shaped in by_shape.items():
        measures = [measure_of(name) for name in dict.fromkeys(status.limit.metric for status in shaped)]
        question = SeriesQuestion(measures, history_begin(horizon.as_of), horizon.as_of)
        series_of = read_series_of_values(storage, question, shaped[0].tenant_id, dimensions)
        for values in dict.fromkeys(status.values for status in shaped):
            for series in series_of([value for value in values if value]):
                yield (series.measure.name, values), series
