"""Whether and when a tenant passes its limits, by the forecast of what they count.

A limit by week, month or billing period is looked at in its present period. One by day, or of days that roll, is
looked at on each of the days ahead, because each of these has a period of its own.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import numpy as np

from usage_pipeline.insights.estimates import Estimate
from usage_pipeline.insights.forecasting.forecast import Forecast, NoForecast, Passing, passed, passing_of
from usage_pipeline.insights.outlook.horizon import DAYS_ON, HISTORY_DAYS, Horizon
from usage_pipeline.limits.periods import PeriodKind
from usage_pipeline.limits.status import LimitStatus

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class LimitOutlook:
    """A limit of a tenant, for values of its scope: how it stands, and whether and when it is passed."""

    status: LimitStatus
    last: date
    """The last day that is looked at."""
    expected: Estimate | None
    """The use at the end of the present period; None of limits by day or of days that roll."""
    passing: Passing | None
    """None without a forecast, unless it is passed already."""
    reason: str | None
    """Why it is not known; None if it is."""


def limit_outlook(status: LimitStatus, found: Forecast | NoForecast, horizon: Horizon) -> LimitOutlook:
    """Return whether and when a limit is passed, from the forecast of what it counts."""
    kind, length = status.limit.period.kind, status.limit.period.days or 1
    is_rolling = kind in {PeriodKind.DAY, PeriodKind.ROLLING}
    last = horizon.as_of + DAYS_ON * _DAY if is_rolling else status.days.last
    if status.is_over:
        return LimitOutlook(status, last, None, passed(status.first_day_over), None)
    if isinstance(found, NoForecast):
        return LimitOutlook(status, last, None, None, found.reason)
    if length > HISTORY_DAYS:
        reason = f"it counts {length} days, and a forecast knows the last {HISTORY_DAYS}"
        return LimitOutlook(status, last, None, None, reason)
    if is_rolling:
        passing = _rolling(found, status.limit.amount, length, horizon.first, last)
        return LimitOutlook(status, last, None, passing, None)
    days = status.days
    passing = found.passing(status.limit.amount, days.first, days.last)
    return LimitOutlook(status, last, found.total(days.first, days.last), passing, None)


def _rolling(found: Forecast, amount: Decimal, length: int, first: date, last: date) -> Passing:
    """Return whether and when the sum of so many days up to a day is more than an amount."""
    begin = first - (length - 1) * _DAY
    past = np.nan_to_num(found.series.between(begin, found.first - _DAY).array)
    start, end = ((day - found.first).days for day in (begin, last + _DAY))
    ahead = found.paths[:, max(0, start) : end]
    days = np.concatenate([np.broadcast_to(past, (len(ahead), len(past))), ahead], axis=1)
    sums = np.cumsum(np.pad(days, ((0, 0), (1, 0))), axis=1)
    rolled = np.round(sums[:, length:] - sums[:, :-length], found.series.measure.places)
    over = np.maximum.accumulate(rolled > float(amount), axis=1)
    return passing_of(over.mean(axis=0).tolist(), first)
