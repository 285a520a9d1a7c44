"""The events of one source and day: their lines, and what each of them counts as."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from usage_pipeline.simulation.arrays import HOUR_MS, Ints, Texts, chosen, table
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
"""What the truth sums; `conversations` of a batch are those that have no id."""

MODELS = table(
    "gpt-4.1-mini",
    "gpt-4.1",
    "claude-sonnet-4-5",
    "gemini-2.5-flash",
    "house-7b-2025",
    "gpt-99-preview",
    "(none)",
)
"""The models; the last stands for no model."""
UNKNOWN_MODELS = ("gpt-99-preview",)
"""Those of them that are in no price list."""
NO_MODEL = len(MODELS) - 1
_MODEL_WEIGHTS = (0.45, 0.15, 0.2, 0.17, 0.02, 0.01)

_OVER_MIDNIGHT_SHARE = 0.3
"""Of the events of the first hour: they go on with a conversation of the day before."""
_RETURNED_SHARE = 0.005
_RETURNED_AFTER_AT_MOST = 120
"""Days after which a conversation may be taken up again; beyond the look-back, so that some begin again."""


@dataclass(frozen=True)
class Batch:
    """The events of one source and day, one element of each array per event, in order of time.

    `day_offsets` is -1 where an event happened on the day before. `conversations` holds numbers, -1 for none.
    """

    source: int
    day: int
    tenants: Ints
    milliseconds: Ints
    day_offsets: Ints
    models: Ints
    conversations: Ints
    measures: Mapping[str, Ints]
    lines: Texts


def draw_models(rng: np.random.Generator, count: int) -> Ints:
    """A model for each event."""
    return chosen(rng, _MODEL_WEIGHTS, count)


def draw_tenants_and_times(plan: Plan, day: int, source: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Tenants and milliseconds of the day of all events that the plan has, in order of time."""
    tenants = np.repeat(np.arange(plan.simulation.tenants), plan.events[day, :, source])
    times = plan.times(day, tenants, rng)
    order = np.argsort(times, kind="stable")
    return tenants[order], times[order]


def draw_conversations(plan: Plan, day: int, tenants: Ints, times: Ints, rng: np.random.Generator) -> Ints:
    """A conversation for each event: mostly of the day, some of the day before, a few of long ago."""
    count = len(tenants)
    luck, first_hour = rng.random(count), times < HOUR_MS
    ago = np.where(first_hour & (luck < _OVER_MIDNIGHT_SHARE), 1, 0)
    longer = rng.integers(2, _RETURNED_AFTER_AT_MOST + 1, count)
    ago = np.where(luck > 1 - _RETURNED_SHARE, longer, ago)
    origins = np.maximum(day - ago, 0)
    within = (rng.random(count) * plan.conversations[origins, tenants]).astype(np.int64)
    return np.asarray(plan.first_conversations[origins, tenants] + within)
