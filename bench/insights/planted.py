"""Whether anomalies that are planted are found, and how many are found where none is.

Each day is judged by the days before it alone, as it would have been on its evening.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from bench.insights.made import FIRST, NOISE, made_days, series_of
from bench.insights.result import Result, at_least, at_most
from usage_pipeline.insights.anomalies.detection import Judged, find_anomalies
from usage_pipeline.insights.matrix import Floats

SEEDS = range(1, 21)
_HISTORY, _CLEAN_DAYS = 185, 90
_WITHIN = 2
"""Days after the planted one."""
_PLANTED_DAYS = 14
"""Days of which each has its case, for each seed: two of each weekday."""
_LEAST_FOUND, _MOST_FALSE = 95, 1


@dataclass(frozen=True)
class Kind:
    """What is planted: a factor, on one day or from it on."""

    name: str
    factor: float
    days: int


KINDS = (
    Kind("spike: 3 times as much on a day", 3, 1),
    Kind("drop: 30 % on a day", 0.3, 1),
    Kind("level shift: half as much again", 1.5, _CLEAN_DAYS),
)


def measure_planted(tell: Callable[[str], None]) -> Result:
    """Plant each kind on each of some days for each seed, and judge 90 days without any."""
    rows = []
    found: dict[str, list[bool]] = {}
    for kind in KINDS:
        tell(kind.name)
        found[kind.name] = [_is_found(kind, seed, day) for seed in SEEDS for day in range(_PLANTED_DAYS)]
        rows.append((kind.name, str(len(found[kind.name])), f"{_percent(found[kind.name]):.1f} %"))
    together = [each for of_kind in found.values() for each in of_kind]
    rows.append(("all of these", str(len(together)), f"{_percent(together):.1f} %"))
    tell("days without anomalies")
    false = [_false_alarms(seed) for seed in SEEDS]
    mean = sum(false) / len(false)
    rows.append((f"nothing, on {_CLEAN_DAYS} days", str(len(false)), f"{mean:.2f} false alarms each"))
    bars = [
        at_least("Planted anomalies found within two days", _LEAST_FOUND, _percent(together), " %"),
        at_most(f"False alarms of a series in {_CLEAN_DAYS} days", _MOST_FALSE, mean),
    ]
    title = f"Planted anomalies, noise {NOISE:.0%}, seeds {SEEDS[0]} to {SEEDS[-1]}"
    return Result(title, ("Planted", "Cases", "Found within two days"), rows, bars)


def _percent(found: Sequence[bool]) -> float:
    return 100 * sum(found) / len(found)


def _is_found(kind: Kind, seed: int, day: int) -> bool:
    at = _HISTORY + day
    days = made_days(seed, at + _WITHIN + 1)
    days[at : at + kind.days] = np.rint(days[at : at + kind.days] * kind.factor)
    return any(np.sign(kind.factor - 1) == direction for direction in _directions(days, at))


def _directions(days: Floats, at: int) -> Iterator[int]:
    """Yield for each anomaly since a day whether it is too high (1) or too low (-1)."""
    found = find_anomalies(series_of(days), FIRST + timedelta(days=at))
    for anomaly in found.anomalies if isinstance(found, Judged) else ():
        yield 1 if anomaly.value > anomaly.expected else -1


def _false_alarms(seed: int) -> int:
    return len(list(_directions(made_days(seed, _HISTORY + _CLEAN_DAYS), _HISTORY)))
