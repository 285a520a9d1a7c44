"""Makes the rows of a day and puts them in place of those that were there."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from itertools import groupby, islice
from typing import Any

from sqlalchemy import select

from usage_pipeline.errors import QueryError
from usage_pipeline.insights.anomalies.detection import DAYS_BEFORE, JUDGED_DAYS
from usage_pipeline.insights.anomalies.holidays import HOLIDAYS_FILE, Holiday, holidays_of, read_holidays
from usage_pipeline.insights.forecasting.forecast import Forecast, NoForecast, forecast_each
from usage_pipeline.insights.kept.known_then import KnownSeries, known_by, read_known_series
from usage_pipeline.insights.kept.rows import (
    ALL_TENANTS,
    Row,
    accuracy_row,
    forecast_rows,
    judged,
    limit_row,
    recommendation_row,
    trend_row,
)
from usage_pipeline.insights.kept.tables import (
    FORECAST_ACCURACY,
    INSIGHT_TABLES,
    LIMIT_OUTLOOKS,
    RECOMMENDATIONS,
    USAGE_ANOMALIES,
    USAGE_FORECASTS,
    USAGE_TRENDS,
)
from usage_pipeline.insights.measures import MEASURES, SUMS, USUAL
from usage_pipeline.insights.outlook.expected import Expected
from usage_pipeline.insights.outlook.horizon import DAYS_ON, MONTHS, Horizon, history_begin
from usage_pipeline.insights.outlook.read_limits import limit_outlooks, read_limit_statuses
from usage_pipeline.insights.read_series import SeriesQuestion
from usage_pipeline.insights.recommendations.finding import find_recommendations
from usage_pipeline.limits.status import LimitStatus
from usage_pipeline.metrics.series import known_tenants
from usage_pipeline.storage.locks import sole_transaction
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import warehouse_table
from usage_pipeline.storage.tables import ERASED_TENANT, TableSpec
from usage_pipeline.storage.warehouse import copy_rows

DAYS_AHEAD = (1, 7, 14, 30)
"""How many days ahead forecasts were whose accuracy is kept."""
_TOGETHER = 20
"""Tenants whose forecasts are in memory at once."""
_DAY = timedelta(days=1)

kept_forecasts = warehouse_table(USAGE_FORECASTS)


def keep_insights(storage: Storage, as_of: date, measures: Sequence[str] = USUAL) -> Mapping[str, int]:
    """Make the rows of a day, and return how many there are, by table.

    Rows that are older than the setting `insight_days` are removed. Raises QueryError for a day that is not over,
    ReferenceFileError for a broken file, and PartitionError if the rows of a computed day are gone.
    """
    if as_of >= storage.settings.clock.today:
        raise QueryError(f"{as_of}: expected a day that is over, up to yesterday.")
    with sole_transaction(storage.warehouse, "insights") as connection:
        made = _Making(storage, as_of, measures).rows()
        oldest = storage.settings.clock.today - storage.settings.insight_days * _DAY
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
    names: Sequence[str]
    """The measures, besides those that limits are on."""
    made: dict[TableSpec, list[Row]] = field(default_factory=lambda: {spec: [] for spec in INSIGHT_TABLES})

    def rows(self) -> dict[TableSpec, list[Row]]:
        """Return the rows of each table."""
        by_tenant = groupby(self._series(), key=lambda known: known.tenant_id)
        while some := [list(of_tenant) for _, of_tenant in islice(by_tenant, _TOGETHER)]:
            self._add(some)
        found = find_recommendations(self.storage, self.as_of)
        self.made[RECOMMENDATIONS] += [recommendation_row(one, hindsight=self._is_late) for one in found]
        return self.made

    def _series(self) -> Iterator[KnownSeries]:
        """Yield the series of all together, then of each tenant, by measure."""
        with self.storage.warehouse.connect() as connection:
            tenant_ids = [name for name in known_tenants(connection) if name != ERASED_TENANT]
        first = self.as_of - (DAYS_BEFORE + JUDGED_DAYS - 1) * _DAY
        limited = (status.limit.metric for of_tenant in self._statuses.values() for status in of_tenant)
        measures = [MEASURES[name] for name in dict.fromkeys((*self.names, *limited))]
        return read_known_series(self.storage, SeriesQuestion(measures, first, self.as_of), tenant_ids)

    def _add(self, some: Sequence[Sequence[KnownSeries]]) -> None:
        """Add what is found of some tenants."""
        begin = history_begin(self.as_of)
        histories = [known.series.between(begin, self.as_of) for of_tenant in some for known in of_tenant]
        forecasts = forecast_each(histories, self._horizon.until)
        for of_tenant in some:
            expected = list(islice(forecasts, len(of_tenant)))
            for known, found in zip(of_tenant, expected, strict=True):
                self._add_series(known, found)
            self._add_limits(of_tenant[0].tenant_id, expected)

    def _add_series(self, known: KnownSeries, found: Forecast | NoForecast) -> None:
        holidays = holidays_of(self._holidays, known.tenant_id)
        anomalies, not_judged = judged(self.storage, known, self.as_of, holidays)
        reason = found.reason if isinstance(found, NoForecast) else None
        self.made[USAGE_TRENDS].append(trend_row(known, self.as_of, not_judged, reason))
        self.made[USAGE_ANOMALIES] += anomalies
        self.made[USAGE_FORECASTS] += forecast_rows(known, self.as_of, found, self.as_of + DAYS_ON * _DAY)
        self.made[FORECAST_ACCURACY] += self._accuracy(known)

    def _add_limits(self, tenant_id: str | None, expected: Sequence[Forecast | NoForecast]) -> None:
        statuses = self._statuses.get(tenant_id or ALL_TENANTS)
        if statuses:
            outlooks = limit_outlooks(
                self.storage, [Expected(found, self._horizon) for found in expected], statuses
            )
            late = self._is_late
            self.made[LIMIT_OUTLOOKS] += [limit_row(found, self.as_of, hindsight=late) for found in outlooks]

    def _accuracy(self, known: KnownSeries) -> Iterator[Row]:
        for forecast in self._forecasts.get((known.tenant_id or ALL_TENANTS, known.measure.name), ()):
            row = accuracy_row(forecast, known, self.as_of)
            if row is not None:
                yield row

    @cached_property
    def _is_late(self) -> bool:
        return self.storage.settings.clock.now > known_by(self.as_of)

    @cached_property
    def _horizon(self) -> Horizon:
        # Of limits only the day matters, and not the billing period.
        return Horizon.of(self.as_of, MONTHS)

    @cached_property
    def _statuses(self) -> Mapping[str, Sequence[LimitStatus]]:
        return read_limit_statuses(self.storage, self.as_of, SUMS, None)

    @cached_property
    def _holidays(self) -> tuple[Holiday, ...]:
        return read_holidays(self.storage.settings.reference / HOLIDAYS_FILE)

    @cached_property
    def _forecasts(self) -> Mapping[tuple[str, str], Sequence[Mapping[str, Any]]]:
        """The forecasts of the day that were kept some days before, by tenant and measure."""
        made_on = [self.as_of - days * _DAY for days in DAYS_AHEAD]
        columns = kept_forecasts.c
        query = select(kept_forecasts).where(columns.day == self.as_of, columns.as_of.in_(made_on))
        found: defaultdict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
        with self.storage.warehouse.connect() as connection:
            for row in connection.execute(query.order_by(columns.as_of)).mappings():
                found[row["tenant_id"], row["measure"]].append(dict(row))
        return found
