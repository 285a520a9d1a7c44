"""Numbers of the tables by day, of all tenants together, for charts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import text

from usage_pipeline.insights.kept.tables import (
    FORECAST_ACCURACY,
    RECOMMENDATIONS,
    USAGE_ANOMALIES,
    USAGE_FORECASTS,
    USAGE_TRENDS,
)
from usage_pipeline.storage.opened import Storage

_DAYS = 90
_OF_ALL = "tenant_id = '' AND measure = 'tokens_total'"
_RECENT = "as_of BETWEEN :first AND :last"


@dataclass(frozen=True)
class Charted:
    """A number by day of a table."""

    table: str
    title: str
    is_sum: bool
    numbers: Mapping[date, float]


_CHARTS = (
    (
        *(USAGE_TRENDS.name, "tokens_total, 7-day average, all tenants", False),
        (
            f"SELECT as_of, week_average FROM {USAGE_TRENDS.place} WHERE {_OF_ALL} AND week_average IS NOT NULL "
            f"AND {_RECENT}"
        ),
    ),
    (
        *(USAGE_ANOMALIES.name, "series with an anomaly on the day, all tenants", True),
        (
            f"SELECT as_of, count(*) FROM {USAGE_ANOMALIES.place} "
            f"WHERE tenant_id <> '' AND last_day = as_of AND {_RECENT} GROUP BY as_of"
        ),
    ),
    (
        *(USAGE_FORECASTS.name, "tokens_total expected, all tenants", True),
        f"SELECT day, value FROM {USAGE_FORECASTS.place} WHERE {_OF_ALL} AND as_of = :last",
    ),
    (
        *(RECOMMENDATIONS.name, "recommendations, all tenants", False),
        f"SELECT as_of, count(*) FROM {RECOMMENDATIONS.place} WHERE {_RECENT} GROUP BY as_of",
    ),
    (
        *(FORECAST_ACCURACY.name, "percent within the range of 80 %, all tenants", False),
        (
            f"SELECT as_of, 100.0 * avg(CAST(within_80 AS integer)) FROM {FORECAST_ACCURACY.place} "
            f"WHERE {_RECENT} GROUP BY as_of"
        ),
    ),
)
"""Of each table the title, whether the numbers have a sum, and the SELECT of days and numbers."""


def charted_numbers(storage: Storage, last: date) -> Iterator[Charted]:
    """Yield what there is to chart of the 90 days up to one; of forecasts, of the days ahead of it."""
    days = {"first": last - timedelta(days=_DAYS - 1), "last": last}
    with storage.warehouse.connect() as connection:
        for name, title, is_sum, query in _CHARTS:
            numbers = {day: float(number) for day, number in connection.execute(text(query), days)}
            if numbers:
                yield Charted(name, title, is_sum, numbers)
