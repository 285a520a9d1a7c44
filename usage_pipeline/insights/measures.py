"""The measures that insights look at: each additive metric, money, credits, and ratios of them."""

from collections.abc import Collection
from dataclasses import dataclass

from usage_pipeline.errors import QueryError
from usage_pipeline.registry import METRICS
from usage_pipeline.words import did_you_mean


@dataclass(frozen=True)
class Measure:
    """What a series holds: a total of each day, or the ratio of two totals."""

    name: str
    unit: str
    description: str
    places: int = 0
    """Decimals of estimates of it; they are rounded half to even."""
    parts: tuple[str, str] | None = None
    """Numerator and denominator of a ratio: quantities of the query layer."""
    factor: int = 1
    """What the quotient is multiplied with: 100 for a percentage."""
    is_counted: bool = False
    """Whether it counts things that happen one by one, so that small numbers of it are noisy."""
    is_sum: bool = True
    """Whether the sum of days means something."""


COST, CREDITS, REPORTED_COST = "cost", "credits", "reported_cost"
_NOT_COUNTED = frozenset({"tokens", "bytes"})
"""The units of metrics of which one event brings many."""

_TOTALS = (
    *(
        Measure(metric.name, metric.unit, metric.description, is_counted=metric.unit not in _NOT_COUNTED)
        for metric in METRICS
    ),
    Measure(COST, "USD", "Cost of what has a price.", places=6),
    Measure(REPORTED_COST, "USD", "Cost that sources report, in US dollars.", places=6),
    Measure(CREDITS, "credits", "Credits of operations with a rate.", places=3),
)
_RATIOS = (
    Measure("p95_ms", "ms", "Latency that 95 % of the requests do not exceed.", is_sum=False),
    Measure(
        "error_percent", "%", "Failed requests.", places=2, parts=("errors", "requests"), factor=100, is_sum=False
    ),
    Measure(
        "messages_per_conversation",
        "messages",
        "Messages per conversation that began.",
        places=2,
        parts=("messages", "conversations"),
        is_sum=False,
    ),
    Measure(
        "tokens_per_request",
        "tokens",
        "Tokens per request.",
        places=1,
        parts=("tokens_total", "requests"),
        is_sum=False,
    ),
    Measure(
        "cost_per_token",
        "USD",
        "Cost per token that has a price.",
        places=12,
        parts=(COST, "priced_tokens"),
        is_sum=False,
    ),
)
MEASURES = {measure.name: measure for measure in (*_TOTALS, *_RATIOS)}
"""All measures by name."""
SUMS = tuple(measure.name for measure in _TOTALS)
"""The names of those that are sums, and so have forecasts."""
USUAL_SUMS = ("tokens_total", "conversations", "messages", "prompts", "requests", COST, CREDITS)
USUAL = (*USUAL_SUMS, *(measure.name for measure in _RATIOS))
"""The measures that are looked at unless others are named."""


def measure_of(name: str, among: Collection[str] = MEASURES) -> Measure:
    """Return the measure of this name, which is one of those that are taken. Raises QueryError if it is not."""
    if name in among:
        return MEASURES[name]
    if name in MEASURES:
        raise QueryError(f"{name} has no forecast; expected a sum: {', '.join(among)}.")
    meant = did_you_mean(name, among) or f"expected one of {', '.join(among)}."
    raise QueryError(f"There is no measure {name!r}; {meant}")
