"""Conditions of days: as of limits, an alert begins while a day is not final, and ends when its days are."""

from collections.abc import Callable, Collection, Iterable
from datetime import date, timedelta

from usage_pipeline.alerts.data.finding import Finding, Key, Raised
from usage_pipeline.clock import Clock, days_between


def span_of_open_days(clock: Clock) -> tuple[date, date]:
    """Return the first and the last day that is not final."""
    return clock.last_final_day + timedelta(days=1), clock.today


def ended_among(
    raised: Iterable[Raised],
    findings: Iterable[Finding],
    read: Callable[[date, date], Collection[tuple[Key, date]]],
) -> set[Key]:
    """Return the raised ones that are not found and still hold on a day that they were raised for: it is final.

    `read` returns on which of the days, both included, what holds.
    """
    found = {finding.key for finding in findings}
    spans = {one.key: (one.first_day, one.last_day) for one in raised if one.key not in found}
    days = {key: days_between(first, last) for key, (first, last) in spans.items() if first and last}
    if not days:
        return set()
    holding = read(min(map(min, days.values())), max(map(max, days.values())))
    return {key for key, of_alert in days.items() if any((key, day) in holding for day in of_alert)}
