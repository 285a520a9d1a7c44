"""What explains a change: the values of dimensions whose numbers changed most, compared with the weeks before."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import islice

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
_MOST_VALUES = 3
_MOST_OF_CHANGE = Fraction(8, 10)
"""Values are named until they explain so much of the change."""
_LEAST_SURPRISE = Fraction(1, 10)
"""By how much its part of the change has to exceed its usual part of the whole."""
_SHARE_PLACES = 3


@dataclass(frozen=True)
class Change:
    """A measure of a tenant, or of all together, on the days from first to last."""

    measure: Measure
    tenant_id: str | None
    first: date
    last: date


@dataclass(frozen=True)
class Contribution:
    """A value of a dimension: what it has on the days of a change, and what it usually has on such days."""

    dimension: str
    value: str
    found: Decimal
    usual: Decimal
    """The mean of the same weekdays of the four weeks before."""
    share: Decimal
    """Its part of the whole change: above 1 where other values changed the other way."""


@dataclass(frozen=True)
class _Part:
    """The numbers of a value, and those of all values together."""

    value: str
    found: Fraction
    usual: Fraction
    change: Fraction
    usual_share: Fraction
    """Its part of what all values usually have; where that is nothing, as if all had the same."""

    @property
    def share(self) -> Fraction:
        return (self.found - self.usual) / self.change

    @property
    def surprise(self) -> Fraction:
        return self.share - self.usual_share


def explain_anomaly(storage: Storage, anomaly: Anomaly) -> list[Contribution]:
    """Return the values that explain most of the worst day, as `explain_change` does.

    Nothing explains a day that is odd on one side of what is expected, and on the other of the weeks before.
    """
    day = anomaly.worst_day
    found = explain_change(storage, Change(anomaly.measure, anomaly.tenant_id, day, day))
    return [part for part in found if (part.found > part.usual) == (anomaly.value > anomaly.expected)]


def explain_change(storage: Storage, change: Change) -> list[Contribution]:
    """Return the values that explain most of a change, first those of the dimension that explains it best.

    A dimension whose values changed in proportion explains nothing. Of a ratio the numerator is explained, of
    latencies nothing is. Raises PartitionError if the rows of a computed day are gone.
    """
    asked = breakdown_of(change.measure)
    found = {name: _telling(_parts(change, _read(storage, change, asked, name))) for name in asked.dimensions}
    ranked = sorted(
        ((name, parts) for name, parts in found.items() if parts), key=lambda entry: -entry[1][0].surprise
    )
    return [_contribution(name, part, change.measure.places) for name, parts in ranked for part in parts]


def _read(storage: Storage, change: Change, asked: Breakdown, dimension: str) -> Answer:
    first = change.first - _FARTHEST_WEEKS * _WEEK
    return read(storage, asked.query(first, change.last, ("day", dimension), change.tenant_id))


def _parts(change: Change, answer: Answer) -> list[_Part]:
    """Return the numbers of each value, on the days of which something is known of weeks before, too."""
    name, metric = answer.query.group_by[1], answer.query.metrics[0]
    numbers: defaultdict[str, dict[date, Fraction]] = defaultdict(dict)
    for row in answer.rows:
        if row[metric] is not None:
            numbers[row[name]][row["day"]] = Fraction(row[metric])
    compared = dict(_compared(change, set(answer.known)))
    sums = {value: _found_and_usual(by_day, compared) for value, by_day in numbers.items()}
    found, whole = (sum((pair[at] for pair in sums.values()), Fraction(0)) for at in (0, 1))
    if found == whole:
        return []
    shares = {value: pair[1] / whole if whole else Fraction(1, len(sums)) for value, pair in sums.items()}
    return [_Part(value, *pair, found - whole, shares[value]) for value, pair in sums.items()]


def _compared(change: Change, known: Collection[date]) -> Iterator[tuple[date, list[date]]]:
    """Yield the days of the change with the same weekdays before it, as far as they are known."""
    for day in days_between(change.first, change.last):
        earlier = (day - weeks * _WEEK for weeks in range(1, _FARTHEST_WEEKS + 1))
        before = list(islice((other for other in earlier if other < change.first and other in known), _WEEKS))
        if day in known and before:
            yield day, before


def _found_and_usual(
    by_day: Mapping[date, Fraction], compared: Mapping[date, Sequence[date]]
) -> tuple[Fraction, Fraction]:
    nothing = Fraction(0)
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


def _contribution(dimension: str, part: _Part, places: int) -> Contribution:
    found, usual = (from_fraction(value, places) for value in (part.found, part.usual))
    return Contribution(dimension, part.value, found, usual, from_fraction(part.share, _SHARE_PLACES))
