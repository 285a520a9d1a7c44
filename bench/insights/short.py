"""Whether forecasts of short histories are right on average, and their ranges hold what comes: on made tenants."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from bench.bars import Bar
from bench.insights.made import series_of
from bench.insights.result import Result, Row, at_least, at_most
from usage_pipeline.insights.forecasting.forecast import LEAST_DAYS, Forecast, forecast_each
from usage_pipeline.insights.matrix import Floats
from usage_pipeline.simulation.plan import WEEKDAYS

SEEDS = range(1, 101)
_LENGTHS = (15, 20, 30, 35, 48, 60)
_AHEAD = 30
_LEVEL = 5_000
_SPIKES, _TIMES = 2, 10
_OFF = 0.1
_LEAST_COVERED, _MOST_COVERED = 70, 90
_SEEDS_OF_LENGTH = 1_000


@dataclass(frozen=True)
class Kind:
    """Days that are made: with noise of a standard deviation, and spikes on some days of the history."""

    name: str
    noise: float
    week: tuple[float, ...] = (1.0,)
    spikes: int = 0


KINDS = (
    Kind("the same each day, noise 20 %", 0.2),
    Kind("the same each day, noise 80 %", 0.8),
    Kind("weekdays, noise 20 %", 0.2, WEEKDAYS),
    Kind(f"weekdays, noise 20 %, {_SPIKES} days of {_TIMES} times as much", 0.2, WEEKDAYS, _SPIKES),
)


@dataclass(frozen=True)
class _Found:
    """How forecasts of one kind came true: a number for each of them."""

    ratios: Floats
    """The sum that was expected, in what it is without noise."""
    sums_within: Floats
    """Whether the sum that came is within its range of 80 %."""
    days_within: Floats
    """The part of the days within theirs."""


def measure_short(tell: Callable[[str], None]) -> Result:
    """Forecast the sum of the next days from histories of several lengths."""
    rows: list[Row] = []
    bars: list[Bar] = []
    for kind in KINDS:
        for length in _LENGTHS:
            tell(f"{kind.name}, {length} days")
            if length < LEAST_DAYS:
                rows.append((kind.name, str(length), f"none: {LEAST_DAYS} days are needed", "–", "–"))
                continue
            found = _found(kind, length)
            numbers = [float(of.mean()) for of in (found.ratios, found.sums_within, found.days_within)]
            rows.append(
                (kind.name, str(length), f"{numbers[0]:.3f}", *(f"{100 * part:.1f} %" for part in numbers[1:]))
            )
            bars += _bars(f"{kind.name}, {length} days", *numbers)
    columns = ("Data", "Days of history", f"Sum of {_AHEAD} days, in the true one", "Sums in 80 %", "Days in 80 %")
    return Result(f"Forecasts of short histories, seeds {SEEDS[0]} to {SEEDS[-1]}", columns, rows, bars)


def _bars(name: str, ratio: float, sums: float, days: float) -> Iterator[Bar]:
    yield at_most(f"Distance of the sum from the true one, {name}", _OFF, abs(ratio - 1))
    yield at_least(f"Sums within the 80 % range, {name}", _LEAST_COVERED, 100 * sums, " %")
    yield at_least(f"Days within the 80 % range, {name}", _LEAST_COVERED, 100 * days, " %")
    yield at_most(f"Days within the 80 % range, {name}", _MOST_COVERED, 100 * days, " %")


def _found(kind: Kind, length: int) -> _Found:
    made = [made_history(kind, seed, length) for seed in SEEDS]
    series = [series_of(days[:length]) for days in made]
    usual = _usual(kind, length)[length:].sum()
    numbers = [
        _compared(found, days[length:], usual)
        for days, found in zip(made, forecast_each(series, series[0].last + timedelta(days=_AHEAD)), strict=True)
        if isinstance(found, Forecast)
    ]
    return _Found(*(np.array(column) for column in zip(*numbers, strict=True)))


def made_history(kind: Kind, seed: int, length: int) -> Floats:
    """Return so many days, of which some may be spikes, and the days after them."""
    generator = np.random.default_rng(_SEEDS_OF_LENGTH * length + seed)
    days = _usual(kind, length) * generator.lognormal(-(kind.noise**2) / 2, kind.noise, length + _AHEAD)
    days[generator.choice(length, kind.spikes, replace=False)] *= _TIMES
    return np.asarray(np.rint(days))


def _usual(kind: Kind, length: int) -> Floats:
    """Return the days without noise."""
    return np.asarray(_LEVEL * np.resize(kind.week, length + _AHEAD))


def _compared(found: Forecast, came: Floats, usual: float) -> tuple[float, float, float]:
    of_sum = found.total(found.first, found.last)
    ends = np.array(
        [(float(of.estimate.ranges[80].low), float(of.estimate.ranges[80].high)) for of in found.points]
    )
    range_of_sum = of_sum.ranges[80]
    is_within = float(range_of_sum.low) <= came.sum() <= float(range_of_sum.high)
    days_within = np.mean((ends[:, 0] <= came) & (came <= ends[:, 1]))
    return float(of_sum.value) / usual, float(is_within), float(days_within)
