"""Charges the events by a `credit_rates.yaml`, without code of the pipeline, so that the truth has the credits.

All numbers are whole, so sums are exact: a rate per unit in 10^-18 credits, the credits of an event in 10^-12.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from usage_pipeline.simulation.arrays import Ints, zeros
from usage_pipeline.simulation.batch import MODELS, Batch

PICO = 10**12

CREDITS = PICOCREDITS, UNRATED = "picocredits", "unrated_operations"
"""Further sums of the truth: the credits of all operations with rates, and the requests without."""

_DEFAULT = "default"
_UNITS = {
    "base": ("records", 1),
    "per_1k_tokens": ("tokens_total", 1_000),
    "per_mb": ("bytes", 1_000_000),
    "per_tool_call": ("tool_calls", 1),
}
"""For each key of an operation, the measure that it charges, and for how much of it."""
_ATTO_TO_PICO = 1_000_000

UnitRates = Mapping[str, int]
"""Rates per unit by measure, in 10^-18 credits."""


@dataclass(frozen=True)
class CreditRates:
    """All rates from a day on."""

    first: date
    minimum: int
    """In 10^-12 credits."""
    operations: Mapping[str, Mapping[str, Any]]
    groups: Mapping[str, Sequence[str]]
    factors: Mapping[str, str]

    def of(self, operation: str, group: str, feature: str) -> UnitRates:
        """Return what an operation costs by unit. The factor of its feature is in all."""
        factor = Decimal(self.factors.get(feature, "1"))
        found = {}
        for key, rate in self.operations[operation].items():
            measure, units = _UNITS[key]
            by_unit = rate.get(group, rate[_DEFAULT]) if isinstance(rate, Mapping) else rate
            found[measure] = _whole(Decimal(by_unit) * factor * _ATTO_TO_PICO * PICO / units)
        return found

    def models(self) -> Iterator[tuple[str, list[int]]]:
        """Yield each group with the numbers of its models."""
        groups = [self._group(model) for model in MODELS.tolist()]
        for group in sorted(set(groups)):
            yield group, [number for number, found in enumerate(groups) if found == group]

    def _group(self, model: str) -> str:
        for group, patterns in self.groups.items():
            if any(fnmatchcase(model, pattern) for pattern in patterns):
                return group
        return _DEFAULT


def read_credit_rates(file: Path) -> list[CreditRates]:
    """Read a `credit_rates.yaml` that uses only the keys of the simulator's own file."""
    return [
        CreditRates(
            first=entry["from"],
            minimum=_whole(Decimal(entry.get("minimum_per_operation", "0")) * PICO),
            operations=entry["operations"],
            groups=entry.get("model_groups", {}),
            factors=entry.get("complexity", {}),
        )
        for entry in yaml.safe_load(file.read_text(encoding="utf-8"))
    ]


def _whole(number: Decimal) -> int:
    if number != int(number):
        raise ValueError(f"a rate has more decimals than the simulator counts: {number} is not whole")
    return int(number)


@dataclass(frozen=True)
class EventCredits:
    """The credits of each event of a batch in 10^-12, and 1 where a request has no rates."""

    picocredits: Ints
    unrated: Ints


def event_credits(rates: list[CreditRates], batch: Batch, day: date) -> EventCredits:
    """Charge the events of a day by the last entry that has begun.

    A batch's events of the day before only start runs: they are no operations.
    """
    count = len(batch.models)
    found = EventCredits(zeros(count), (batch.measure("requests") > 0).astype(np.int64))
    begun = [entry for entry in rates if entry.first <= day]
    if not begun:
        return found
    entry = max(begun, key=lambda entry: entry.first)
    groups = [(group, np.isin(batch.models, models)) for group, models in entry.models()]
    features = [(feature, batch.features.having(feature)) for feature in batch.features.names]
    for operation in entry.operations.keys() & batch.types.names:
        of_type = batch.types.having(operation)
        for group, of_group in groups:
            for feature, of_feature in features:
                events = np.flatnonzero(of_type & of_group & of_feature)
                _charge(found, batch, entry.of(operation, group, feature), entry.minimum, events)
    return found


def _charge(found: EventCredits, batch: Batch, rates: UnitRates, minimum: int, events: NDArray[np.intp]) -> None:
    # In two parts, because 10^-18 credits of a large run are more than 2^63.
    whole, rest = zeros(len(events)), zeros(len(events))
    for measure, rate in rates.items():
        quantity = batch.measure(measure)[events]
        whole += quantity * (rate // _ATTO_TO_PICO)
        rest += quantity * (rate % _ATTO_TO_PICO)
    # Half up is half away from zero, because no quantity is negative.
    used = np.maximum(whole + (rest + _ATTO_TO_PICO // 2) // _ATTO_TO_PICO, minimum)
    is_free = (batch.measure("errors")[events] > 0) & (batch.measure("tokens_total")[events] == 0)
    found.picocredits[events] = np.where(is_free, 0, used)
    found.unrated[events] = 0
