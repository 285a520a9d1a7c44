"""The credits of each day of a period: what was granted, used and gone on it, and what is left at its end."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from usage_pipeline.billing.calendar import BillingPeriod
from usage_pipeline.billing.ledger.allocations import midnight
from usage_pipeline.billing.ledger.entries import GRANTING, NOTHING, Entry, EntryKind, exact

_USING = (EntryKind.CONSUMPTION, EntryKind.OVERAGE, EntryKind.REPAYMENT)


@dataclass(frozen=True)
class DayCredits:
    """What happened to the credits of a tenant on a day: left = left the day before + granted - used - gone."""

    day: date
    granted: Decimal
    """By allocations, top-ups, adjustments, and what was rolled in."""
    used: Decimal
    """Overage included."""
    gone: Decimal
    """Expired, rolled out, voided or lowered."""
    left: Decimal
    """At the end of the day; below zero if it is overage."""


def day_credits(entries: Iterable[Entry], period: BillingPeriod, until: datetime) -> tuple[DayCredits, ...]:
    """Return the days of a period that have begun by an instant; `entries` are those since the first one."""
    days = [day for day in period.days if midnight(day) <= until]
    with exact():
        return tuple(_running(entries, days))


def _running(entries: Iterable[Entry], days: list[date]) -> Iterator[DayCredits]:
    sums: defaultdict[tuple[date, str], Decimal] = defaultdict(Decimal)
    left = NOTHING
    for entry in entries:
        day = entry.effective_at.date()
        if days and day < days[0]:
            left += entry.amount
        sums[day, _column(entry.kind)] += entry.amount
    for day in days:
        granted, used, gone = sums[day, "granted"], -sums[day, "used"], -sums[day, "gone"]
        left += granted - used - gone
        yield DayCredits(day, granted, used, gone, left)


def _column(kind: EntryKind) -> str:
    if kind in GRANTING:
        return "granted"
    return "used" if kind in _USING else "gone"
