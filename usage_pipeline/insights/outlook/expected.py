"""What is expected of one measure: by day, in the billing period, and in the next one."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from usage_pipeline.insights.estimates import Estimate, rounded
from usage_pipeline.insights.forecasting.forecast import Forecast, ForecastPoint, NoForecast
from usage_pipeline.insights.measures import Measure
from usage_pipeline.insights.outlook.horizon import Horizon
from usage_pipeline.limits.periods import DayRange


@dataclass(frozen=True)
class PeriodEstimate:
    """The sum of the days of a period: what is known of them, and what is expected of the others."""

    days: DayRange
    estimate: Estimate
    known: Decimal
    """What is known of it so far, to the decimals of the measure."""
    missing_days: int
    """Days so far of which nothing is known, and which are in no part of the estimate."""
    estimated_days: int
    """Days so far that are after the last known one: the estimate has what is expected of them."""


@dataclass(frozen=True)
class Expected:
    """What is expected of a measure of a tenant, or of all together; or that there is no forecast."""

    found: Forecast | NoForecast
    horizon: Horizon

    @property
    def measure(self) -> Measure:
        """What is forecast."""
        return self.found.series.measure

    @property
    def forecast(self) -> Forecast | None:
        """The forecast; None if there is none."""
        return self.found if isinstance(self.found, Forecast) else None

    @property
    def reason(self) -> str | None:
        """Why there is no forecast; None if there is one."""
        return self.found.reason if isinstance(self.found, NoForecast) else None

    @property
    def days(self) -> Sequence[ForecastPoint]:
        """The days from the one after the last known on; none without a forecast."""
        points = self.forecast.points if self.forecast else ()
        return [point for point in points if point.day <= self.horizon.shown_until]

    @property
    def period(self) -> PeriodEstimate | None:
        """The sum of the billing period; None without a forecast."""
        return self._sum(self.horizon.period)

    @property
    def next_period(self) -> PeriodEstimate | None:
        """The sum of the next one. A budget of the high end of its 80 % range is enough in 90 of 100 cases."""
        return self._sum(self.horizon.next_period)

    @property
    def sums(self) -> list[PeriodEstimate]:
        """Both, as far as there are."""
        return [found for found in (self.period, self.next_period) if found]

    def _sum(self, days: DayRange) -> PeriodEstimate | None:
        # A period that a change of the anchor day made longer than two months is beyond what is computed.
        if self.forecast is None or days.last > self.forecast.last:
            return None
        so_far = self.forecast.so_far(days.first, days.last)
        begin, end = max(days.first, self.forecast.first), min(days.last, self.horizon.as_of)
        return PeriodEstimate(
            days,
            self.forecast.total(days.first, days.last),
            known=rounded(so_far.total, self.measure.places),
            missing_days=len(so_far.values) - so_far.known_days,
            estimated_days=max(0, (end - begin).days + 1),
        )
