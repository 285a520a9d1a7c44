"""How a limit stands at an instant: share, remaining, projection, threshold. Pure functions of what was used.

Usage is counted by whole days: those that began before the instant, the present one as far as it is known.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from operator import itemgetter

from usage_pipeline.billing.ledger.entries import exact
from usage_pipeline.clock import end_of
from usage_pipeline.limits.limit_file import EACH, Limit, Scope
from usage_pipeline.limits.limited import SCOPED
from usage_pipeline.limits.periods import DayRange, PeriodKind

_UNIT = Decimal(1).scaleb(-12)
_SHARE_UNIT = Decimal(1).scaleb(-4)
_HUNDRED = 100
_DAY = timedelta(days=1)

ScopeValues = tuple[str, ...]
"""The values of the dimensions in `SCOPED`; empty where a limit is not restricted by one."""


@dataclass(frozen=True)
class TenantLimit:
    """A limit as it applies to one tenant, and the period that it is in."""

    limit: Limit
    tenant_id: str
    scope: Scope
    days: DayRange
    least: Decimal | None = None
    """Less use than this is of no interest; None if all is."""

    @property
    def metric(self) -> str:
        """What is limited."""
        return self.limit.metric

    @property
    def fixed_values(self) -> ScopeValues | None:
        """The values of its scope; None if they are those that have usage."""
        if EACH in self.scope.values.values():
            return None
        return tuple(self.scope.values.get(name, "") for name in SCOPED)


@dataclass(frozen=True)
class Used:
    """What was used in a period, and the day since which that is more than the amount.

    A limit that rolls may have been over before its period began: then it has no such day.
    """

    amount: Decimal
    first_day_over: date | None = None
    incomplete: bool = False
    """Some of the usage has no price, or no rate."""


NOTHING_USED = Used(Decimal(0))

Usage = Mapping[ScopeValues, Used]
"""What was used of a limit, by the values of its scope."""


@dataclass(frozen=True)
class AsOf:
    """The instant of a status, and the present."""

    at: datetime
    now: datetime

    @property
    def last_day(self) -> date:
        """The last day that counts: at midnight it is the one that has ended."""
        return (self.at - timedelta.resolution).date()

    @property
    def known_until(self) -> datetime:
        """The end of the last day that counts, or the present within it."""
        return min(end_of(self.last_day), self.now)


@dataclass(frozen=True)
class LimitStatus:
    """A limit of a tenant and values of its scope at an instant."""

    limit: Limit
    tenant_id: str
    values: ScopeValues
    days: DayRange
    used: Decimal
    first_day_over: date | None
    incomplete: bool
    missing_days: int
    """Days of the period so far without logs, or not computed yet: what was used then is not known."""
    projected: Decimal | None
    """The use at the end of the period if it goes on as on the days that are known.

    None if it rolls, at its beginning, and where no day of it is known.
    """
    as_of: datetime

    @property
    def remaining(self) -> Decimal:
        """What may still be used; below zero where the limit is over."""
        with exact():
            return self.limit.amount - self.used

    @property
    def share(self) -> Decimal:
        """The percentage that was used, four decimals, rounded down: 100 only where all was."""
        with exact():
            return (self.used * _HUNDRED / self.limit.amount).quantize(_SHARE_UNIT, ROUND_DOWN)

    @property
    def threshold(self) -> int | None:
        """The highest threshold that was reached."""
        return max((part for part, level in self.limit.levels.items() if level <= self.used), default=None)

    @property
    def is_over(self) -> bool:
        """Whether more was used than may be."""
        return self.used > self.limit.amount

    @property
    def row(self) -> dict[str, object]:
        """Its values by the columns of `limit_status`."""
        return {
            "limit_id": self.limit.id,
            "tenant_id": self.tenant_id,
            **dict(zip(SCOPED, self.values, strict=True)),
            "limit_version": self.limit.version,
            "metric": self.limit.metric,
            "period": str(self.limit.period),
            "first_day": self.days.first,
            "last_day": self.days.last,
            "amount": self.limit.amount,
            "used": self.used,
            "remaining": self.remaining,
            "share": self.share,
            "threshold": self.threshold,
            "first_day_over": self.first_day_over,
            "projected": self.projected,
            "incomplete": self.incomplete,
            "missing_days": self.missing_days,
            "action": self.limit.action,
            "as_of": self.as_of,
        }


def statuses_of(entry: TenantLimit, usage: Usage, as_of: AsOf, missing: Sequence[date] = ()) -> list[LimitStatus]:
    """Return how a limit stands, in the order of values; `missing` are the days of unknown use, in order."""
    days = entry.days
    missing_days = missing[bisect_left(missing, days.first) : bisect_right(missing, days.last)]
    known = _known_time(days, min(as_of.known_until, days.ends_at), missing_days)
    least = _DAY if missing_days else timedelta.resolution  # of the present day there may be no logs yet
    is_projected = entry.limit.period.kind is not PeriodKind.ROLLING and known >= least
    return [
        LimitStatus(
            limit=entry.limit,
            tenant_id=entry.tenant_id,
            values=values,
            days=days,
            used=used.amount,
            first_day_over=used.first_day_over,
            incomplete=used.incomplete,
            missing_days=len(missing_days),
            projected=_projected(used.amount, days.ends_at - days.starts_at, known) if is_projected else None,
            as_of=as_of.at,
        )
        for values, used in sorted(usage.items(), key=itemgetter(0))
    ]


def _known_time(days: DayRange, until: datetime, missing: Sequence[date]) -> timedelta:
    """Return how much of a period is over and has logs: an outage is not a day without use."""
    unknown = (min(end_of(day), until) - end_of(day - _DAY) for day in missing)
    return until - days.starts_at - sum(unknown, timedelta(0))


def _projected(used: Decimal, whole: timedelta, known: timedelta) -> Decimal:
    """Return the use at the end of the period if it goes on as in the time that is known."""
    if known == whole:
        return used
    with exact():
        return (used * _microseconds(whole) / _microseconds(known)).quantize(_UNIT, ROUND_HALF_UP)


def _microseconds(time: timedelta) -> int:
    return time // timedelta.resolution
