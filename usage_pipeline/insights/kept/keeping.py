"""Makes the rows of a day and puts them in place of those that were there."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

from sqlalchemy import select

from usage_pipeline.errors import QueryError
from usage_pipeline.insights.anomalies.detection import HISTORY_DAYS, JUDGED_DAYS
from usage_pipeline.insights.anomalies.holidays import HOLIDAYS_FILE, Holiday, holidays_of, read_holidays
from usage_pipeline.insights.forecasting.forecast import NoForecast, forecast_each
from usage_pipeline.insights.kept.known_then import KnownSeries, known_by, read_known_series
from usage_pipeline.insights.kept.rows import (
    ALL_TENANTS,
    Row,
    Rows,
    accuracy_row,
    forecast_rows,
    judged,
    recommendation_row,
    trend_row,
)
from usage_pipeline.insights.kept.tables import (
    FORECAST_ACCURACY,
    RECOMMENDATIONS,
    USAGE_ANOMALIES,
    USAGE_FORECASTS,
    USAGE_TRENDS,
)
from usage_pipeline.insights.measures import MEASURES, USUAL
from usage_pipeline.insights.outlook.horizon import history_begin
from usage_pipeline.insights.read_series import SeriesQuestion
from usage_pipeline.insights.recommendations.finding import find_recommendations
from usage_pipeline.metrics.series import known_tenants
from usage_pipeline.storage.locks import named_lock
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import warehouse_table
from usage_pipeline.storage.tables import ERASED_TENANT
from usage_pipeline.storage.warehouse import copy_rows

DAYS_AHEAD = 30
DAYS_BEFORE = (1, 7, 14, 30)
"""How many days ahead forecasts were whose accuracy is kept."""
_TOGETHER = 300
"""Series whose forecasts are in memory at once."""
_DAY = timedelta(days=1)

forecasts = warehouse_table(USAGE_FORECASTS)


def keep_insights(storage: Storage, as_of: date, measures: Sequence[str] = USUAL) -> Mapping[str, int]:
    """Make the rows of a day, and return how many there are, by table.

    Rows that are older than the setting `insight_days` are removed. Raises QueryError for a day that is not over,
    ReferenceFileError for a broken file, and PartitionError if the rows of a computed day are gone.
    """
    if as_of >= storage.settings.clock.today:
        raise QueryError(f"{as_of}: expected a day that is over, up to yesterday.")
    with named_lock(storage.warehouse, "insights"):
        made = _Making(storage, as_of, measures).rows()
        oldest = storage.settings.clock.today - storage.settings.insight_days * _DAY
        with storage.warehouse.begin() as connection:
            for spec, rows in made.items():
                table = warehouse_table(spec)
                connection.execute(table.delete().where((table.c.as_of == as_of) | (table.c.as_of < oldest)))
                copy_rows(connection, spec, spec.column_names, rows)
    return {spec.name: len(rows) for spec, rows in made.items()}


@dataclass(frozen=True)
class _Making:
    """What is made: insights of a day."""

    storage: Storage
    as_of: date
    measures: Sequence[str]

    def rows(self) -> dict[Any, list[Row]]:
        """Return the rows of each table."""
        made = Rows(self.as_of)
        for some in self._some_series():
            self._add(made, some)
        is_late = self.storage.settings.clock.now > known_by(self.as_of)
        found = find_recommendations(self.storage, self.as_of)
        made.recommendations += [recommendation_row(one, hindsight=is_late) for one in found]
        rows = (made.trends, made.anomalies, made.forecasts, made.recommendations, made.accuracy)
        specs = (USAGE_TRENDS, USAGE_ANOMALIES, USAGE_FORECASTS, RECOMMENDATIONS, FORECAST_ACCURACY)
        return dict(zip(specs, rows, strict=True))

    def _some_series(self) -> Iterator[list[KnownSeries]]:
        with self.storage.warehouse.connect() as connection:
            tenant_ids = [name for name in known_tenants(connection) if name != ERASED_TENANT]
        first = self.as_of - (HISTORY_DAYS + JUDGED_DAYS + 2) * _DAY
        question = SeriesQuestion([MEASURES[name] for name in self.measures], first, self.as_of)
        some: list[KnownSeries] = []
        for known in read_known_series(self.storage, question, tenant_ids):
            some.append(known)
            if len(some) == _TOGETHER:
                yield some
                some = []
        yield some

    def _add(self, made: Rows, some: Sequence[KnownSeries]) -> None:
        until = self.as_of + DAYS_AHEAD * _DAY
        begin = history_begin(self.as_of)
        forecast = forecast_each([known.series.between(begin, self.as_of) for known in some], until)
        for known, found in zip(some, forecast, strict=True):
            anomalies, not_judged = judged(
                self.storage, known, self.as_of, holidays_of(self._holidays, known.tenant_id)
            )
            reason = found.reason if isinstance(found, NoForecast) else None
            made.trends.append(trend_row(known, self.as_of, not_judged, reason))
            made.anomalies += anomalies
            made.forecasts += forecast_rows(known, self.as_of, found, until)
            made.accuracy += self._accuracy(known)

    @cached_property
    def _holidays(self) -> tuple[Holiday, ...]:
        return read_holidays(self.storage.settings.reference / HOLIDAYS_FILE)

    @cached_property
    def _forecasts(self) -> Mapping[tuple[str, str], Sequence[Mapping[str, Any]]]:
        """The forecasts of the day that were kept some days before, by tenant and measure."""
        made_on = [self.as_of - days * _DAY for days in DAYS_BEFORE]
        columns = forecasts.c
        query = select(forecasts).where(columns.day == self.as_of, columns.as_of.in_(made_on))
        found: defaultdict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
        with self.storage.warehouse.connect() as connection:
            for row in connection.execute(query.order_by(columns.as_of)).mappings():
                found[row["tenant_id"], row["measure"]].append(dict(row))
        return found

    def _accuracy(self, known: KnownSeries) -> Iterator[Row]:
        for forecast in self._forecasts.get((known.tenant_id or ALL_TENANTS, known.measure.name), ()):
            row = accuracy_row(forecast, known, self.as_of)
            if row is not None:
                yield row
