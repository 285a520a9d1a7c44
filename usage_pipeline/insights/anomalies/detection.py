"""Judges the last days of a series, each by what was known before it."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from usage_pipeline.clock import days_between
from usage_pipeline.errors import QueryError
from usage_pipeline.insights.anomalies.baseline import WEEK, Baseline, baseline
from usage_pipeline.insights.estimates import Range, rounded
from usage_pipeline.insights.matrix import Floats
from usage_pipeline.insights.measures import Measure
from usage_pipeline.insights.series import DailySeries
from usage_pipeline.words import count

HISTORY_DAYS = 182
"""Days before a day by which it is judged."""
LEAST_DAYS = 4 * WEEK
"""Known days, from the first use of the history on, that it takes to judge."""
LEAST_USED_PART = 1 / 3
"""Of these days; where there is use more rarely, no day of use is odd."""
JUDGED_DAYS = WEEK
WINDOW_DAYS = 3
"""Days that are looked at together: a small change shows only when it lasts."""
_HIGH_DAY, _LOW_DAY = 3.3, -3.4
_HIGH_DAYS: Mapping[int, float] = {2: 2.7, 3: 2.32}
_LOW_DAYS = -3.9
"""The scores from which on a day is odd, or the last days together, by their number. docs/forecasting.md has the
measures by which they were chosen: less than one false alarm for a series and 90 days."""
_BASELINE_VARIANCE = 0.04
"""Of what is expected, in variances of a day."""
_RANGE = 1.96
"""Half the width of the expected range, in standard deviations: 95 % of usual days are within."""
_NEAR = timedelta(days=2)
"""Odd days in one direction with at most one other day between them are one anomaly."""
_LONGEST_DAYS = 4 * WEEK
"""How far an anomaly is followed back that goes on when the judged days begin."""
DAYS_BEFORE = HISTORY_DAYS + WINDOW_DAYS + _LONGEST_DAYS
"""Days before the first judged one that have to be read."""
_SUNDAY = 6
_DAY = timedelta(days=1)


class Kind(StrEnum):
    """What happened."""

    SPIKE = "spike"
    DROP = "drop"
    RISE = "rise"
    """Days that are together too high: a new level, if they go on."""
    FALL = "fall"


class Severity(StrEnum):
    """How far from usual it is."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


_SEVERITIES = ((6, Severity.HIGH), (4, Severity.MEDIUM))
"""The least score of each."""


@dataclass(frozen=True)
class Anomaly:
    """Neighbouring days on which a series was too high or too low; the numbers are those of the worst day."""

    measure: Measure
    tenant_id: str | None
    """None for all tenants together."""
    kind: Kind
    first_day: date
    last_day: date
    worst_day: date
    value: Decimal
    expected: Decimal
    """An estimate, like its range."""
    range: Range
    """What holds 95 % of usual days."""
    score: Decimal
    """How far from what is expected, in standard deviations of usual days, or of usual means of three days."""

    @property
    def severity(self) -> Severity:
        """How far from usual it is, in a word."""
        return next((word for least, word in _SEVERITIES if self.score >= least), Severity.LOW)


@dataclass(frozen=True)
class Judged:
    """The anomalies of some days, oldest first."""

    series: DailySeries
    days: tuple[date, ...]
    """The days that could be judged."""
    anomalies: tuple[Anomaly, ...]
    reason: str | None
    """Why days before the first of these are not judged, by the last one of them; None if there are none."""


@dataclass(frozen=True)
class NotJudged:
    """That the last days of a series are not judged, and why."""

    series: DailySeries
    reason: str


def find_anomalies(series: DailySeries, since: date, holidays: Collection[date] = ()) -> Judged | NotJudged:
    """Return the anomalies of the days of a series since a day; or the reason why they cannot be judged.

    On holidays, values between a usual day and a usual Sunday are expected. Raises QueryError if the series ends
    before the day.
    """
    if since > series.last:
        raise QueryError(f"{since}: expected a day up to {series.last}, with which the series ends.")
    days = [day for day in days_between(max(since, series.first), series.last) if series.by_day[day] is not None]
    if not days:
        return NotJudged(
            series, f"no day since {since} has a number" if series.known_days else "no day has a number"
        )
    histories = {day: _history(series, day) for day in days}
    judge = _Judge(series, frozenset(holidays))
    judged = {day: judge.verdict(day, known) for day, known in histories.items() if not isinstance(known, str)}
    if not judged:
        return NotJudged(series, str(histories[days[-1]]))
    odd = [verdict for verdict in judged.values() if verdict]
    found = _anomalies(series, [*_begun_before(judge, since, odd), *odd])
    too_early = [str(known) for day, known in histories.items() if day < min(judged)]
    return Judged(
        series,
        tuple(judged),
        tuple(anomaly for anomaly in found if anomaly.last_day >= since),
        too_early[-1] if too_early else None,
    )


def _begun_before(judge: "_Judge", since: date, odd: Sequence["_Verdict"]) -> list["_Verdict"]:
    """Return the odd days before a day with which the first ones of it are one anomaly, oldest first.

    So an anomaly has the same beginning, and is of the same kind, whatever days are judged.
    """
    found: list[_Verdict] = []
    if not odd:
        return found
    reach = min(verdict.first_day for verdict in odd) - _NEAR
    day = since - _DAY
    while day >= max(reach, since - _LONGEST_DAYS * _DAY, judge.series.first):
        known = _history(judge.series, day) if judge.series.by_day[day] is not None else ""
        if not isinstance(known, str) and (verdict := judge.verdict(day, known)):
            found.insert(0, verdict)
            reach = min(reach, verdict.first_day - _NEAR)
        day -= _DAY
    return found


def _history(series: DailySeries, day: date) -> DailySeries | str:
    """Return the days by which a day is judged, or why they are too few."""
    until = day - WINDOW_DAYS * _DAY
    within = series.between(until - (HISTORY_DAYS - 1) * _DAY, until)
    begun, looked_at = within.since_above_zero, f"{HISTORY_DAYS} days up to {until}"
    if begun is None:
        return f"{'it was 0' if within.used else 'nothing was used'} in the {looked_at}"
    use = "use" if series.measure.is_sum else "value above 0"
    before = series.between(begun.first, until)  # missing days at its end, too: what comes is counted from there
    if before.known_days < LEAST_DAYS:
        known = f"{count(before.known_days, 'day')} with a number since {before.first}"
        return f"{known}, the first {use} in the {looked_at}; {LEAST_DAYS} are needed"
    days = sum(bool(value) for value in before.values)
    if days < LEAST_USED_PART * before.known_days:
        return f"{use} on {days} of {count(before.known_days, 'day')} up to {until}; a third of them is needed"
    return before


@dataclass(frozen=True)
class _Verdict:
    """A day that is odd, by itself or with the days before it."""

    first_day: date
    day: date
    score: float
    """Below zero if it is too low."""
    known: Baseline
    usual: "_Usual"


class _Usual(NamedTuple):
    """What is expected of a day, on the scale of the baseline: from low to high."""

    low: float
    high: float


@dataclass(frozen=True)
class _Judge:
    """Judges the days of a series."""

    series: DailySeries
    holidays: Collection[date]

    def verdict(self, day: date, history: DailySeries) -> _Verdict | None:
        """Return what is odd of a day; None if nothing is."""
        known = self._baseline(history)
        window = days_between(day - (WINDOW_DAYS - 1) * _DAY, day)
        usual = [self._usual(known, each, ahead) for ahead, each in enumerate(window, start=1)]
        found = _odd(np.array([self._apart(known, *each) for each in zip(window, usual, strict=True)]))
        return found and _Verdict(window[-found[1]], day, found[0], known, usual[-1])

    def _baseline(self, history: DailySeries) -> Baseline:
        values = history.array.copy()
        values[[day in self.holidays for day in history.days]] = np.nan
        return baseline(values, is_counted=self.series.measure.is_counted)

    def _usual(self, known: Baseline, day: date, ahead: int) -> _Usual:
        usual = known.expected(ahead)
        if day not in self.holidays:
            return _Usual(usual, usual)
        sunday = known.expected(ahead, ahead + (_SUNDAY - day.weekday()) % WEEK)
        return _Usual(min(usual, sunday), max(usual, sunday))

    def _apart(self, known: Baseline, day: date, usual: _Usual) -> float:
        """Return how far a day is from usual, in standard deviations of usual days; NaN if it is not known."""
        value = self.series.by_day[day]
        if value is None:
            return float("nan")
        bent = known.there(max(0.0, float(value)))
        return (bent - min(max(bent, usual.low), usual.high)) / known.spread


def _odd(apart: Floats) -> tuple[float, int] | None:
    """Return the score of the last day, or of the last days together, and their number; None if none is odd."""
    alone = apart / np.sqrt(1 + _BASELINE_VARIANCE)
    is_usual = (alone > _LOW_DAY) & (alone < _HIGH_DAY)
    if not is_usual[-1]:
        return float(alone[-1]), 1
    for days in range(2, len(apart) + 1):
        last = slice(len(apart) - days, None)
        near = apart[last][is_usual[last]]  # a day that is odd by itself adds nothing: a spike is no new level
        together = float(near.mean() / np.sqrt(1 / len(near) + _BASELINE_VARIANCE))
        if together >= _HIGH_DAYS.get(len(near), np.inf) or (together <= _LOW_DAYS and len(near) == WINDOW_DAYS):
            return together, days
    return None


def _anomalies(series: DailySeries, verdicts: Iterable[_Verdict]) -> Iterator[Anomaly]:
    """Yield the anomalies that odd days make, which are in order."""
    open_ones: dict[bool, list[_Verdict]] = {}
    found: list[list[_Verdict]] = []
    for verdict in verdicts:
        together = open_ones.get(verdict.score > 0)
        if together is None or verdict.first_day - together[-1].day > _NEAR:
            together = open_ones[verdict.score > 0] = []
            found.append(together)
        together.append(verdict)
    return (_anomaly(series, together) for together in found)


def _anomaly(series: DailySeries, verdicts: Sequence[_Verdict]) -> Anomaly:
    worst = max(verdicts, key=lambda verdict: abs(verdict.score))
    is_lasting = len(verdicts) >= WINDOW_DAYS or all(verdict.first_day < verdict.day for verdict in verdicts)
    width = _RANGE * worst.known.spread * np.sqrt(1 + _BASELINE_VARIANCE)
    low, high = worst.usual
    value, measure = Decimal(series.by_day[worst.day] or 0), series.measure
    expected, *ends = (
        rounded(worst.known.back(bent), measure.places) for bent in ((low + high) / 2, low - width, high + width)
    )
    return Anomaly(
        measure=measure,
        tenant_id=series.tenant_id,
        kind=_KINDS[worst.score > 0, is_lasting],
        first_day=min(verdict.first_day for verdict in verdicts),
        last_day=verdicts[-1].day,
        worst_day=worst.day,
        value=value if measure.is_sum else rounded(value, measure.places),
        expected=expected,
        range=Range(*ends),
        score=rounded(abs(worst.score), 1),
    )


_KINDS = {
    (True, False): Kind.SPIKE,
    (False, False): Kind.DROP,
    (True, True): Kind.RISE,
    (False, True): Kind.FALL,
}
"""By whether it is too high, and whether it lasts."""
