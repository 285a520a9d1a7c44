"""A daily series: what insights are computed from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property

import numpy as np

from usage_pipeline.billing.ledger.entries import NOTHING, exact
from usage_pipeline.clock import days_between
from usage_pipeline.insights.matrix import Floats
from usage_pipeline.insights.measures import Measure

Number = int | Decimal


@dataclass(frozen=True)
class DailySeries:
    """A measure by day, of one tenant or of all together. Null is what is not known, and not zero."""

    measure: Measure
    tenant_id: str | None
    first: date
    values: tuple[Number | None, ...]
    weights: tuple[Number | None, ...] | None = None
    """The denominators of a ratio, by which days are averaged."""

    @property
    def last(self) -> date:
        """The last day; the day before `first` if there is none."""
        return self.first + timedelta(days=len(self.values) - 1)

    @property
    def days(self) -> list[date]:
        """The days, in order."""
        return days_between(self.first, self.last)

    @cached_property
    def by_day(self) -> Mapping[date, Number | None]:
        """The values by day."""
        return dict(zip(self.days, self.values, strict=True))

    @cached_property
    def array(self) -> Floats:
        """The values as floats, NaN where nothing is known."""
        return np.array([np.nan if value is None else float(value) for value in self.values], dtype=np.float64)

    @property
    def known_days(self) -> int:
        """Days with a number."""
        return sum(value is not None for value in self.values)

    @property
    def total(self) -> Decimal:
        """The sum of what is known."""
        with exact():
            return sum((Decimal(value) for value in self.values if value is not None), NOTHING)

    @property
    def last_known(self) -> date | None:
        """The last day with a number; None if no day has one."""
        return max((day for day, value in self.by_day.items() if value is not None), default=None)

    @property
    def used(self) -> "DailySeries | None":
        """The part from the first use to the last known day; None if there is none. A ratio of 0 may be of use."""
        return self._since_first(self.weights or self.values)

    @property
    def since_above_zero(self) -> "DailySeries | None":
        """The part from the first number above 0 to the last known day; None if there is none."""
        return self._since_first(self.values)

    def _since_first(self, numbers: Iterable[Number | None]) -> "DailySeries | None":
        last = self.last_known
        first = next((day for day, number in zip(self.days, numbers, strict=True) if number), None)
        return None if first is None or last is None else self.between(first, last)

    def between(self, first: date, last: date) -> "DailySeries":
        """Return the part from first to last, as far as there are days."""
        start = max(0, (first - self.first).days)
        end = max(start, (last - self.first).days + 1)
        weights = None if self.weights is None else self.weights[start:end]
        return replace(
            self, first=self.first + timedelta(days=start), values=self.values[start:end], weights=weights
        )
