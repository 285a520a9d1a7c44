"""When the credits of a tenant run out: the ledger's burn-down goes on along each path of the forecast."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import numpy as np

from usage_pipeline.billing.ledger.allocations import midnight
from usage_pipeline.billing.ledger.balance import TenantUsage
from usage_pipeline.billing.ledger.burn_down import burn_ahead
from usage_pipeline.insights.forecasting.forecast import Forecast, Passing, passed, passing_of
from usage_pipeline.insights.matrix import Floats
from usage_pipeline.insights.outlook.expected import Expected
from usage_pipeline.insights.series import DailySeries

_DAY = timedelta(days=1)
_MILLI = 1000
"""Paths are rounded to thousandths of a credit."""


@dataclass(frozen=True)
class CreditsLeft:
    """Whether and when credits run out: the first day on which grants do not pay for all usage."""

    as_of: date
    """The last day whose usage is known; grants that begin at its end are in `left`."""
    until: date
    """The last day that is looked at."""
    left: Decimal | None
    """Of all grants, less the overage; None if there are none."""
    passing: Passing | None
    """None without a forecast, unless usage is not paid for already: since when is not told."""
    reason: str | None
    """Why it is not known when they run out; None if it is."""


def usage_until(series: DailySeries, as_of: date) -> date:
    """Return the last day whose credits are known; the day as of which it is asked if no day is."""
    return series.last_known or as_of


def credits_left(expected: Expected, known: TenantUsage) -> CreditsLeft:
    """Return when the credits of a tenant run out, from the forecast of its credits.

    The usage of `known` is cut at the end of the last known day, and its account reaches to the last day ahead.
    """
    last, until = usage_until(expected.found.series, expected.horizon.as_of), expected.horizon.until
    forecast = expected.forecast
    if not any(grant.amount for grant in known.account.grants):
        return CreditsLeft(last, until, None, None, "no credits were granted")
    begin = midnight(last + _DAY)
    found = burn_ahead(known.account, known.usage, begin, _courses(forecast) if forecast else ())
    if found.left < 0:
        return CreditsLeft(last, until, found.left, passed(None), None)
    if forecast is None:
        return CreditsLeft(last, until, found.left, None, expected.reason)
    return CreditsLeft(last, until, found.left, _passing(forecast, found.uncovered), None)


def _courses(forecast: Forecast) -> Iterator[Sequence[Decimal]]:
    """Yield the credits of each day ahead, by path."""
    for course in np.rint(forecast.paths * _MILLI).tolist():
        yield [Decimal(int(amount)).scaleb(-3) for amount in course]


def _passing(forecast: Forecast, uncovered: Sequence[int | None]) -> Passing:
    return passing_of(_shares(forecast.paths, uncovered).tolist(), forecast.first)


def _shares(paths: Floats, uncovered: Sequence[int | None]) -> Floats:
    """Return by day ahead the part of the paths on which credits have run out by then."""
    draws, days = paths.shape
    counts = np.bincount([day for day in uncovered if day is not None], minlength=days)
    return np.asarray(np.cumsum(counts) / draws)
