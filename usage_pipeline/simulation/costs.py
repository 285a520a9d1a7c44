"""What events cost by a `prices.yaml`, so that it is known what rating must find. No code of the pipeline is used.

Counted in whole numbers, which are exact: a price per unit in 10^-15 dollars, a cost in 10^-12 dollars.
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
"""Further sums of the truth: the cost of all that has a price, and the tokens without one."""

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
    """Prices at some time of the day, for prompts of some size; both ends of times half open, in minutes."""

    from_minute: int
    to_minute: int
    above_tokens_in: int
    up_to_tokens_in: int
    prices: UnitPrices


@dataclass(frozen=True)
class ModelPrice:
    """What a model costs from a day on, until before another one."""

    model: str
    first: date
    end: date
    rates: tuple[Rate, ...]


def read_prices(file: Path) -> list[ModelPrice]:
    """The prices of a `prices.yaml`, as far as the simulator's own use the form of it."""
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
    """Stretches of the day, with the prices that take the place of others there."""
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
    # Without a price of its own, reasoning is output.
    return {"reasoning": found["output"], **found}


def _femtodollars(name: str, price: str) -> int:
    exact = Decimal(price) * _FEMTODOLLARS / (1 if name in _BY_THE_ONE else 1_000_000)
    if exact != int(exact):
        raise ValueError(f"{name}: the simulator counts in 10^-15 dollars a unit, and {price} has more decimals")
    return int(exact)


@dataclass(frozen=True)
class EventCosts:
    """What each event of a batch costs in 10^-12 dollars, and how many of its tokens have no price."""

    picodollars: Ints
    unpriced_tokens: Ints


def event_costs(prices: list[ModelPrice], batch: Batch, day: date) -> EventCosts:
    """Price the events of a day; those of the day before, which only start runs, have no model and no tokens."""
    quantities = _quantities(batch)
    found = EventCosts(zeros(len(batch.models)), _all_tokens(batch, quantities))
    minutes, tokens_in = batch.milliseconds // _MINUTE_MS, _measure(batch, "tokens_in")
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
        # Half away from zero, as no quantity is negative.
        found.picodollars[events] += (quantity * price + _FEMTO_TO_PICO // 2) // _FEMTO_TO_PICO
        if name in TOKEN_CLASSES:
            found.unpriced_tokens[events] -= quantity


def _quantities(batch: Batch) -> dict[str, Ints]:
    cached, reasoning = _measure(batch, "tokens_cached"), _measure(batch, "tokens_reasoning")
    return {
        "input": _measure(batch, "tokens_in") - cached,
        "cached_input": cached,
        "output": _measure(batch, "tokens_out") - reasoning,
        "reasoning": reasoning,
        "request": _measure(batch, "requests"),
        "tool_call": _measure(batch, "tool_calls"),
    }


def _all_tokens(batch: Batch, quantities: Mapping[str, Ints]) -> Ints:
    """All tokens of each event, with those of which the log does not say what they are."""
    split = sum((quantities[name] for name in TOKEN_CLASSES), zeros(len(batch.models)))
    return np.maximum(split, _measure(batch, "tokens_total"))


def _measure(batch: Batch, name: str) -> Ints:
    return batch.measures.get(name, zeros(len(batch.models)))
