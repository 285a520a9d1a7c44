"""From when until when an outlook looks: the days so far, the billing period, the next one, and thirty days on."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self

from usage_pipeline.limits.periods import BillingCalendar, DayRange

HISTORY_DAYS = 182
"""Days by which is forecast; those before are too long ago to tell."""
DAYS_ON = 30
"""So many days are shown one by one, or more to the end of the billing period."""
DAYS_AHEAD = 62
"""So many are computed: two billing periods of 31 days."""
_DAY = timedelta(days=1)
MONTHS = BillingCalendar(anchor_day=1, closed={})
"""The periods of all tenants together."""


@dataclass(frozen=True)
class Horizon:
    """The days of an outlook as of the end of a day."""

    as_of: date
    """The last day whose usage counts."""
    period: DayRange
    """The billing period that holds the day after it."""
    next_period: DayRange

    @classmethod
    def of(cls, as_of: date, calendar: BillingCalendar) -> Self:
        """Return the days as of one, of a tenant with this calendar."""
        period = calendar.period_of(as_of + _DAY)
        return cls(as_of, period, calendar.period_of(period.last + _DAY))

    @property
    def first(self) -> date:
        """The first day ahead."""
        return self.as_of + _DAY

    @property
    def shown_until(self) -> date:
        """The last day that is shown by itself."""
        return max(self.period.last, self.as_of + DAYS_ON * _DAY)

    @property
    def until(self) -> date:
        """The last day that is computed."""
        return until(self.as_of)


def until(as_of: date) -> date:
    """Return the last day that is computed, the same for all tenants."""
    return as_of + DAYS_AHEAD * _DAY


def history_begin(as_of: date) -> date:
    """Return the first day by which is forecast."""
    return as_of - (HISTORY_DAYS - 1) * _DAY
