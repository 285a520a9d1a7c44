"""Prices the events by a `prices.yaml`, without code of the pipeline, so that the truth has the costs too.

All numbers are whole, so sums are exact: a price per unit in 10^-15 dollars, a cost in 10^-12 dollars.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from usage_pipeline.simulation.arrays import Ints, zeros
from usage_pipeline.simulation.batch import MODELS, Batch

COSTS = ("picodollars", "unpriced_tokens")
"""Further sums of the truth: the cost of everything with a price, and the tokens without one."""

TOKEN_CLASSES = ("input", "cached_input", "output", "reasoning")
_NEVER_LOGGED = "cache_write"
_BY_THE_ONE = ("request", "tool_call")
_FEMTODOLLARS = Decimal(10**15)
_FEMTO_TO_PICO = 1000
_MINUTE_MS = 60_000
_DAY_MINUTES = 24 * 60
_UNLIMITED = 10**18

UnitPrices = Mapping[str, int]
"""Prices per unit by class, in 10^-15 dollars."""


@dataclass(frozen=True)
class Rate:
    """Prices in a half-open range of minutes of the day, for prompts of some size."""

    from_minute: int
    to_minute: int
    above_tokens_in: int
    up_to_tokens_in: int
    prices: UnitPrices


@dataclass(frozen=True)
class ModelPrice:
    """The price of a model from `first` until the day before `end`."""

    model: str
    first: date
    end: date
    rates: tuple[Rate, ...]


def read_prices(file: Path) -> list[ModelPrice]:
    """Read a `prices.yaml` that uses only the keys of the simulator's own file."""
    return [_price(entry) for entry in yaml.safe_load(file.read_text(encoding="utf-8"))]


def _price(entry: Mapping[str, Any]) -> ModelPrice:
    tiers = entry.get("tiers") or [{"above_tokens_in": 0, "prices": entry["prices"]}]
    return ModelPrice(entry["model"], entry["from"], entry.get("to", date.max), tuple(_rates(entry, tiers)))


def _rates(entry: Mapping[str, Any], tiers: list[dict[str, Any]]) -> Iterator[Rate]:
    ends = [*(tier["above_tokens_in"] for tier in tiers[1:]), _UNLIMITED]
    for start, end, cheaper in _times(entry.get("off_peak")):
        for number, (tier, up_to) in enumerate(zip(tiers, ends, strict=True)):
            above = tier["above_tokens_in"] if number else -1
            yield Rate(start, end, above, up_to, _per_unit({**tier["prices"], **cheaper}))


def _times(off_peak: Mapping[str, Any] | None) -> Iterator[tuple[int, int, Mapping[str, str]]]:
    """Cut the day into ranges of minutes, each with the prices that apply instead of the usual ones."""
    if off_peak is None:
        yield 0, _DAY_MINUTES, {}
        return
    begins, ends = (int(text[:2]) * 60 + int(text[3:]) for text in (off_peak["from"], off_peak["to"]))
    over_midnight = begins > ends
    for start, end in pairwise(sorted({0, begins, ends, _DAY_MINUTES})):
        inside = (start >= begins or start < ends) if over_midnight else begins <= start < ends
        yield start, end, off_peak["prices"] if inside else {}


def _per_unit(prices: Mapping[str, str]) -> UnitPrices:
    found = {name: _femtodollars(name, price) for name, price in prices.items() if name != _NEVER_LOGGED}
    return {"reasoning": found["output"], **found}  # without a price of its own, reasoning has that of output


def _femtodollars(name: str, price: str) -> int:
    exact = Decimal(price) * _FEMTODOLLARS / (1 if name in _BY_THE_ONE else 1_000_000)
    if exact != int(exact):
        raise ValueError(f"{name}: the simulator counts in 10^-15 dollars a unit, and {price} has more decimals")
    return int(exact)


@dataclass(frozen=True)
class EventCosts:
    """The cost of each event of a batch in 10^-12 dollars, and its tokens without a price."""

    picodollars: Ints
    unpriced_tokens: Ints


def event_costs(prices: list[ModelPrice], batch: Batch, day: date) -> EventCosts:
    """Price the events of a day.

    A batch's events of the day before only start runs: they have no model and no tokens.
    """
    quantities = _quantities(batch)
    found = EventCosts(zeros(len(batch.models)), _all_tokens(batch, quantities))
    minutes, tokens_in = batch.milliseconds // _MINUTE_MS, batch.measure("tokens_in")
    for price in prices:
        if price.first <= day < price.end:
            of_model = batch.models == MODELS.tolist().index(price.model)
            for rate in price.rates:
                within = (minutes >= rate.from_minute) & (minutes < rate.to_minute)
                sized = (tokens_in > rate.above_tokens_in) & (tokens_in <= rate.up_to_tokens_in)
                _charge(found, quantities, rate.prices, np.flatnonzero(of_model & within & sized))
    return found


def _charge(
    found: EventCosts, quantities: Mapping[str, Ints], prices: UnitPrices, events: NDArray[np.intp]
) -> None:
    for name, price in prices.items():
        quantity = quantities[name][events]
        # Half up is half away from zero, because no quantity is negative.
        found.picodollars[events] += (quantity * price + _FEMTO_TO_PICO // 2) // _FEMTO_TO_PICO
        if name in TOKEN_CLASSES:
            found.unpriced_tokens[events] -= quantity


def _quantities(batch: Batch) -> dict[str, Ints]:
    cached, reasoning = batch.measure("tokens_cached"), batch.measure("tokens_reasoning")
    return {
        "input": batch.measure("tokens_in") - cached,
        "cached_input": cached,
        "output": batch.measure("tokens_out") - reasoning,
        "reasoning": reasoning,
        "request": batch.measure("requests"),
        "tool_call": batch.measure("tool_calls"),
    }


def _all_tokens(batch: Batch, quantities: Mapping[str, Ints]) -> Ints:
    split = sum((quantities[name] for name in TOKEN_CLASSES), zeros(len(batch.models)))
    return np.maximum(split, batch.measure("tokens_total"))
