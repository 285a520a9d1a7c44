"""The events of one source and day: their lines and their metrics."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from usage_pipeline.simulation.arrays import HOUR_MS, Ints, Texts, chosen, table, zeros
from usage_pipeline.simulation.plan import Plan

MEASURES = (
    "records",
    "requests",
    "prompts",
    "runs",
    "messages",
    "tokens_in",
    "tokens_cached",
    "tokens_out",
    "tokens_reasoning",
    "tokens_total",
    "personas_created",
    "personas_deleted",
    "timeline_appended",
    "timeline_superseded",
    "files",
    "bytes",
    "tool_calls",
    "errors",
    "conversations",
)
"""The metrics that the truth sums; `conversations` of a batch are those that have no id."""

MODELS = table(
    "gpt-4.1-mini",
    "gpt-4.1",
    "claude-sonnet-4-5",
    "gemini-2.5-pro",
    "house-7b-2025",
    "gpt-99-preview",
    "(none)",
)
"""The models. `gpt-99-preview` has no price, and `(none)` is no model."""
NO_MODEL = len(MODELS) - 1
NO_FEATURE = "(none)"
_MODEL_WEIGHTS = (0.45, 0.15, 0.2, 0.17, 0.02, 0.01)

_OVER_MIDNIGHT_SHARE = 0.3
"""Share of the events of the first hour that continue a conversation of the day before."""
_RETURNED_SHARE = 0.005
_RETURNED_AFTER_AT_MOST = 120
"""Longest pause of a conversation, in days. It is longer than the look-back, so that some count as new."""


@dataclass(frozen=True)
class Named:
    """A name for each event: the names, and the number of the name of each event."""

    names: tuple[str, ...]
    numbers: Ints

    def having(self, name: str) -> NDArray[np.bool_]:
        """Return which events have this one of the names."""
        return np.equal(self.numbers, self.names.index(name))


@dataclass(frozen=True)
class Batch:
    """The events of one source and day in order of time; the arrays have one element per event.

    `day_offsets` is -1 where an event happened on the day before. `conversations` holds numbers, -1 for none.
    """

    source: int
    day: int
    tenants: Ints
    milliseconds: Ints
    day_offsets: Ints
    types: Named
    features: Named
    models: Ints
    conversations: Ints
    measures: Mapping[str, Ints]
    lines: Texts

    def measure(self, name: str) -> Ints:
        """Return one of `measures`; zeros if the source has none."""
        return self.measures.get(name, zeros(len(self.lines)))


def draw_models(rng: np.random.Generator, count: int) -> Ints:
    """Draw the model of each event."""
    return chosen(rng, _MODEL_WEIGHTS, count)


def draw_tenants_and_times(plan: Plan, day: int, source: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Draw tenant and time, in milliseconds of the day, of each planned event, in order of time."""
    tenants = np.repeat(np.arange(plan.simulation.tenants), plan.events[day, :, source])
    times = plan.times(day, tenants, rng)
    order = np.argsort(times, kind="stable")
    return tenants[order], times[order]


def draw_conversations(plan: Plan, day: int, tenants: Ints, times: Ints, rng: np.random.Generator) -> Ints:
    """Draw the conversation of each event: mostly of the day, some of the day before, a few older."""
    count = len(tenants)
    luck, first_hour = rng.random(count), times < HOUR_MS
    ago = np.where(first_hour & (luck < _OVER_MIDNIGHT_SHARE), 1, 0)
    longer = rng.integers(2, _RETURNED_AFTER_AT_MOST + 1, count)
    ago = np.where(luck > 1 - _RETURNED_SHARE, longer, ago)
    origins = np.maximum(day - ago, 0)
    within = (rng.random(count) * plan.conversations[origins, tenants]).astype(np.int64)
    return np.asarray(plan.first_conversations[origins, tenants] + within)
