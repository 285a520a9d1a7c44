"""What the simulated platform pays for its models: the entries of its `prices.yaml`, in the form that people edit.

All numbers are made up, also those of models that exist. Together they need every rule of rating: a tier by the
prompt's size, an off-peak window across midnight, a price that changes at midnight, reasoning with a price of its
own, requests and tool calls, a class without a price, and costs that have to be rounded.
"""

from datetime import date

from usage_pipeline.simulation.plan import Plan

PRICED_FROM = date(2020, 1, 1)
"""Before the first day of any simulation."""

_SOURCE = "made up for the simulation"
_HOSTED: dict[str, tuple[str, dict[str, object]]] = {
    "gpt-4.1-mini": ("openai", {"prices": {"input": "0.4", "cached_input": "0.1", "output": "1.6"}}),
    "gpt-4.1": ("openai", {"prices": {"input": "2", "cached_input": "0.5", "output": "8"}}),
    "claude-sonnet-4-5": (
        "anthropic",
        {
            "tiers": [
                {"above_tokens_in": 0, "prices": {"input": "3", "cached_input": "0.3", "output": "15"}},
                {"above_tokens_in": 2000, "prices": {"input": "6", "cached_input": "0.6", "output": "22.5"}},
            ]
        },
    ),
    "gemini-2.5-flash": ("google", {"prices": {"input": "0.3", "output": "2.5"}}),
}
_HOUSE = "house-7b-2025"
_HOUSE_PRICES = (
    {"input": "0.1", "cached_input": "0.0123457", "output": "0.4", "reasoning": "0.25", "request": "0.0001"},
    {"input": "0.08", "cached_input": "0.0098765", "output": "0.32", "request": "0.0001", "tool_call": "0.0005"},
)
"""Before the middle of the simulated days, and from it on."""
_HOUSE_OFF_PEAK = {"from": "21:30", "to": "05:15", "prices": {"input": "0.0333333", "output": "0.2"}}


def price_entries(plan: Plan) -> list[dict[str, object]]:
    """The entries of `prices.yaml`."""
    hosted = [
        {"id": f"simulated/{model}", "provider": provider, "model": model, "from": PRICED_FROM, **prices}
        for model, (provider, prices) in _HOSTED.items()
    ]
    return [{**entry, "source": _SOURCE} for entry in (*hosted, *_house_entries(plan))]


def _house_entries(plan: Plan) -> list[dict[str, object]]:
    changed = plan.simulation.date(plan.simulation.days // 2)
    spans = ({"from": PRICED_FROM, "to": changed}, {"from": changed})
    return [
        {
            "id": f"simulated/{_HOUSE}/{number}",
            "provider": "house",
            "model": _HOUSE,
            **span,
            "prices": prices,
            "off_peak": _HOUSE_OFF_PEAK,
        }
        for number, (span, prices) in enumerate(zip(spans, _HOUSE_PRICES, strict=True), start=1)
    ]
