"""What explains a change: the values of dimensions that moved a number most, compared with the weeks before.

A ratio is moved by the ratio of a value, and by the part of the denominator that a value has: where the ratio of a
value is higher than that of all, a larger part raises the whole.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import islice
from statistics import median

from usage_pipeline.clock import days_between
from usage_pipeline.insights.anomalies.detection import Anomaly
from usage_pipeline.insights.breakdown import Breakdown, breakdown_of
from usage_pipeline.insights.estimates import from_fraction
from usage_pipeline.insights.measures import Measure
from usage_pipeline.metrics.answers import Answer
from usage_pipeline.metrics.read import read
from usage_pipeline.storage.opened import Storage

_WEEK = timedelta(days=7)
_WEEKS, _FARTHEST_WEEKS = 4, 8
_USUAL_TIMES = 2
"""A day that is more than so many times the median of those before, or less than that part, is no usual one."""
_MOST_VALUES = 3
_MOST_OF_CHANGE = Fraction(8, 10)
"""Values are named until they explain so much of the change."""
_LEAST_SURPRISE = Fraction(1, 10)
"""By how much its part of the change has to exceed its usual part of the whole."""
_SHARE_PLACES = 3
_NOTHING = Fraction(0)


@dataclass(frozen=True)
class Change:
    """A measure of a tenant, or of all together, on the days from first to last."""

    measure: Measure
    tenant_id: str | None
    first: date
    last: date
    begun: date | None = None
    """The day before which weeks are usual; `first` without it."""


@dataclass(frozen=True)
class Contribution:
    """A value of a dimension: what it has on the days of a change, and what it usually has on such days."""

    dimension: str
    value: str
    found: Decimal | None
    """Of a ratio that of the value; null without a denominator."""
    usual: Decimal | None
    """That of the same weekdays of the four usual weeks before, on average."""
    share: Decimal
    """Its part of the whole change: above 1 where other values changed the other way."""
    weight: Decimal | None = None
    """Of a ratio, its part of the denominator; null of a sum."""
    usual_weight: Decimal | None = None


@dataclass(frozen=True)
class _Sums:
    """A numerator and a denominator; a sum has none of the latter."""

    above: Fraction = _NOTHING
    below: Fraction = _NOTHING

    def __add__(self, other: "_Sums") -> "_Sums":
        return _Sums(self.above + other.above, self.below + other.below)

    def __truediv__(self, days: int) -> "_Sums":
        return _Sums(self.above / days, self.below / days)

    @property
    def ratio(self) -> Fraction | None:
        return self.above / self.below if self.below else None


@dataclass(frozen=True)
class _Part:
    """The numbers of a value, and those of all values together."""

    value: str
    found: _Sums
    usual: _Sums
    all_found: _Sums
    all_usual: _Sums
    usual_share: Fraction
    """Its part of what all values usually have; where that is nothing, as if all had the same."""

    @property
    def change(self) -> Fraction:
        """What all values together have more than usual."""
        return _number(self.all_found) - _number(self.all_usual)

    @property
    def share(self) -> Fraction:
        """Its part of the change. Those of all values add up to one, of a ratio too."""
        if not self.all_found.below:
            return (self.found.above - self.usual.above) / self.change
        middle = (_number(self.all_found) + _number(self.all_usual)) / 2
        now = (self.found.above - middle * self.found.below) / self.all_found.below
        before = (self.usual.above - middle * self.usual.below) / self.all_usual.below
        return (now - before) / self.change

    @property
    def surprise(self) -> Fraction:
        return self.share - self.usual_share


def _number(sums: _Sums) -> Fraction:
    return sums.above if sums.ratio is None else sums.ratio


def explain_anomaly(storage: Storage, anomaly: Anomaly) -> list[Contribution]:
    """Return the values that explain most of the worst day, as `explain_change` does.

    Nothing explains a day that is odd on one side of what is expected, and on the other of the weeks before.
    """
    day = anomaly.worst_day
    change = Change(anomaly.measure, anomaly.tenant_id, day, day, anomaly.first_day)
    return _explained(storage, change, is_higher=anomaly.value > anomaly.expected)


def explain_change(storage: Storage, change: Change) -> list[Contribution]:
    """Return the values that explain most of a change, first those of the dimension that explains it best.

    A dimension whose values changed in proportion explains nothing; of latencies nothing is explained. Raises
    PartitionError if the rows of a computed day are gone.
    """
    return _explained(storage, change)


def _explained(storage: Storage, change: Change, *, is_higher: bool | None = None) -> list[Contribution]:
    asked = breakdown_of(change.measure)
    found = {
        name: _telling(_parts(change, asked, _read(storage, change, asked, name))) for name in asked.dimensions
    }
    ranked = sorted(
        ((name, parts) for name, parts in found.items() if parts), key=lambda entry: -entry[1][0].surprise
    )
    return [
        _contribution(change.measure, name, part)
        for name, parts in ranked
        for part in parts
        if is_higher is None or (part.change > 0) == is_higher
    ]


def _read(storage: Storage, change: Change, asked: Breakdown, dimension: str) -> Answer:
    first = change.first - _FARTHEST_WEEKS * _WEEK
    return read(storage, asked.query(first, change.last, ("day", dimension), change.tenant_id))


def _parts(change: Change, asked: Breakdown, answer: Answer) -> list[_Part]:
    """Return the numbers of each value, on the days of which something is known of weeks before, too."""
    name = answer.query.group_by[1]
    numbers: defaultdict[str, dict[date, _Sums]] = defaultdict(dict)
    for row in answer.rows:
        above, below = asked.above(row), asked.below(row) if asked.below else None
        if above is not None:
            numbers[row[name]][row["day"]] = _Sums(Fraction(above), Fraction(below or 0))
    of_days: defaultdict[date, _Sums] = defaultdict(_Sums)
    for by_day in numbers.values():
        for day, sums in by_day.items():
            of_days[day] += sums
    compared = dict(_compared(change, {day: _number(of_days[day]) for day in answer.known}))
    pairs = {value: _found_and_usual(by_day, compared) for value, by_day in numbers.items()}
    found, usual = (sum((pair[at] for pair in pairs.values()), _Sums()) for at in (0, 1))
    is_comparable = asked.below is None or (found.below and usual.below)
    if not is_comparable or _number(found) == _number(usual):
        return []
    equal = Fraction(1, len(pairs))
    shares = {value: pair[1].above / usual.above if usual.above else equal for value, pair in pairs.items()}
    return [_Part(value, *pair, found, usual, shares[value]) for value, pair in pairs.items()]


def _compared(change: Change, known: Mapping[date, Fraction]) -> Iterator[tuple[date, list[date]]]:
    """Yield the days of the change with the usual same weekdays before it, as far as they are known.

    A day that is far from the others, such as an earlier anomaly, is not usual.
    """
    begun = change.begun or change.first
    for day in days_between(change.first, change.last):
        earlier = [day - weeks * _WEEK for weeks in range(1, _FARTHEST_WEEKS + 1)]
        before = [other for other in earlier if other < begun and other in known]
        if day in known and before:
            middle = median(known[other] for other in before)
            usual = (
                other for other in before if middle <= _USUAL_TIMES * known[other] <= _USUAL_TIMES**2 * middle
            )
            yield day, list(islice(usual, _WEEKS)) or before[:_WEEKS]


def _found_and_usual(by_day: Mapping[date, _Sums], compared: Mapping[date, Sequence[date]]) -> tuple[_Sums, _Sums]:
    nothing = _Sums()
    usual = (
        sum((by_day.get(day, nothing) for day in before), nothing) / len(before) for before in compared.values()
    )
    return sum((by_day.get(day, nothing) for day in compared), nothing), sum(usual, nothing)


def _telling(parts: Sequence[_Part]) -> list[_Part]:
    """Return the values that explain most of the change; none if it is as if all had changed in proportion."""
    ranked = sorted(parts, key=lambda part: (-part.share, part.value))
    if not ranked or ranked[0].surprise < _LEAST_SURPRISE:
        return []
    explained = Fraction(0)
    found: list[_Part] = []
    for part in ranked[:_MOST_VALUES]:
        if explained < _MOST_OF_CHANGE and part.share > 0:
            found.append(part)
            explained += part.share
    return found


def _contribution(measure: Measure, dimension: str, part: _Part) -> Contribution:
    if not part.all_found.below:
        found, usual = (from_fraction(sums.above, measure.places) for sums in (part.found, part.usual))
        return Contribution(dimension, part.value, found, usual, from_fraction(part.share, _SHARE_PLACES))
    weights = (part.found.below / part.all_found.below, part.usual.below / part.all_usual.below)
    share, weight, usual_weight = (from_fraction(value, _SHARE_PLACES) for value in (part.share, *weights))
    found_ratio, usual_ratio = (_own_ratio(measure, sums) for sums in (part.found, part.usual))
    return Contribution(dimension, part.value, found_ratio, usual_ratio, share, weight, usual_weight)


def _own_ratio(measure: Measure, sums: _Sums) -> Decimal | None:
    return None if sums.ratio is None else from_fraction(measure.factor * sums.ratio, measure.places)
