"""A storage of tenants to each of which one kind of recommendations applies, as of 2026-05-31."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.support import Landing, land_and_compute

AS_OF = date(2026, 5, 31)
PRICES = """
- id: test/alpha-pro
  provider: openai
  model: alpha-pro
  from: 2026-01-01
  prices: {input: "1000", cached_input: "100", output: "2000"}
  source: https://prices.example
- id: test/alpha-mini
  provider: openai
  model: alpha-mini
  from: 2026-01-01
  prices: {input: "100", cached_input: "10", output: "200"}
  source: https://prices.example
- id: test/beta
  provider: openai
  model: beta
  from: 2026-01-01
  prices: {input: "0", output: "0", request: "0.01"}
  source: https://prices.example
"""
"""A token of input costs a thousandth of a dollar, and a tenth of it with the smaller model."""
RATES = """
- from: 2026-01-01
  operations:
    agent_run: {base: "2"}
    persona_consistency_check: {base: "1", minimum: "3", per_1k_tokens: {default: "10"}}
    persona_prompt: {per_1k_tokens: {default: "1"}}
"""
PLANS = """
small: {retention_days: null, monthly_credits: "1", price: {amount: "10", currency: USD}}
medium: {retention_days: null, monthly_credits: "30", price: {amount: "50", currency: USD}}
large: {retention_days: null, monthly_credits: "1000", price: {amount: "99.5", currency: USD}}
euro: {retention_days: null, monthly_credits: "1000", price: {amount: "9", currency: EUR}}
default: euro
"""
TENANTS = """
spacious: {plans: [{from: 2026-01-01, plan: large}]}
cramped: {plans: [{from: 2026-01-01, plan: small}]}
"""


def prompt(number: int, tenant: str, day: str, tokens_in: int, **fields: object) -> dict[str, Any]:
    """A prompt of the persona platform in 2026, of a text of its own unless one is given."""
    return {
        "id": f"{tenant}-{number}",
        "event": "persona_prompt",
        "tenantId": tenant,
        "timestamp": f"2026-{day}T08:00:00Z",
        "modelName": "alpha-mini",
        "tokensIn": tokens_in,
        "tokensOut": 0,
        "prompt": f"question {number}",
        **fields,
    }


def check(number: int, minute: int, tokens_in: int) -> dict[str, Any]:
    """A check of chatty, some minutes after nine."""
    time = f"2026-05-30T09:{minute:02}:{number % 60:02}Z"
    fields = {"event": "persona_consistency_check", "timestamp": time, "modelName": "beta", "feature": "lookup"}
    return prompt(number, "chatty", "05-30", tokens_in, **fields)


def run(number: int, tenant: str, day: str, tokens_in: int, **fields: object) -> dict[str, Any]:
    """A run in 2026."""
    time = f"2026-{day}T09:00:00Z"
    return {
        "runId": f"{tenant}-{number}",
        "tenantId": tenant,
        "startedAt": time,
        "endedAt": time,
        "model": "alpha-mini",
        "tokensIn": tokens_in,
        "tokensOut": 0,
        "status": "completed",
        **fields,
    }


def prompts() -> Iterator[dict[str, Any]]:
    """What the tenants asked."""
    # Of 28 days before, and since: one feature grows from 2 to 4 USD, another stays.
    yield prompt(1, "growing", "04-10", 20_000, feature="search", modelName="alpha-mini")
    yield prompt(2, "growing", "04-20", 10_000, feature="chat", modelName="alpha-mini")
    yield prompt(3, "growing", "05-10", 40_000, feature="search", modelName="alpha-mini")
    yield prompt(4, "growing", "05-20", 10_000, feature="chat", modelName="alpha-mini")
    # The first use is in the third week before: nothing has grown yet.
    yield prompt(1, "beginning", "04-20", 10_000, feature="search")
    yield prompt(2, "beginning", "05-10", 40_000, feature="search")
    # It costs more because a model had no price before: nobody knows whether it grew.
    yield prompt(1, "priced", "04-10", 30_000, modelName="unknown")
    yield prompt(2, "priced", "04-11", 10_000)
    yield prompt(3, "priced", "05-10", 40_000)
    # The larger model of a family: 2 and 1 USD, and 1 USD of a run, which is no prompt.
    yield prompt(1, "lavish", "05-20", 2_000, modelName="alpha-pro")
    yield prompt(2, "lavish", "05-21", 0, tokensOut=500, modelName="alpha-pro")
    # The same text six times, once partly cached; another text five times, mostly cached.
    for number in range(6):
        cached = {"cachedTokensIn": 100} if number == 0 else {}
        yield prompt(number, "repeating", "05-30", 3_000, prompt="the same", feature="chat", **cached)
    for number in range(6, 11):
        yield prompt(number, "repeating", "05-30", 9_000, prompt="known", cachedTokensIn=8_000)
    # Ten minutes with twelve checks each, of 100 tokens; others are alone in their minute, or large.
    for number in range(120):
        yield check(number, number // 12, 100)
    yield check(120, 20, 100)
    yield check(121, 30, 5_000)
    yield check(122, 30, 5_000)
    # Features and members who are not there any more, and some who are.
    yield prompt(1, "leaving", "04-01", 10, feature="old", userId="ann")
    yield prompt(2, "leaving", "04-30", 10, feature="older", userId="bob")
    yield prompt(3, "leaving", "05-30", 10, feature="new", userId="bob")
    # Credits of three months: 20, 30 and 10, and 2, 3 and 2.
    for month, tokens in (("03", 20_000), ("04", 30_000), ("05", 10_000)):
        yield prompt(int(month), "spacious", f"{month}-10", tokens)
        yield prompt(int(month), "cramped", f"{month}-10", tokens // 10 if month != "05" else 2_000)


def runs() -> Iterator[dict[str, Any]]:
    """What agents did."""
    yield run(1, "lavish", "05-20", 1_000, model="alpha-pro")
    yield run(1, "failing", "05-10", 50_000, status="failed", feature="report")
    yield run(2, "failing", "05-11", 10_000, feature="report")
    yield run(3, "failing", "05-12", 10_000, feature="summary")
    # Many requests within runs are the runs' own steps.
    for number in range(20):
        yield run(number, "stepping", "05-31", 200, apiCalls=50, model="beta", feature="lookup")


def fill(storage: Storage) -> None:
    """Land and compute what these tenants used."""
    reference = storage.settings.reference
    reference.mkdir(parents=True, exist_ok=True)
    for name, content in {"prices": PRICES, "credit_rates": RATES, "plans": PLANS, "tenants": TENANTS}.items():
        (reference / f"{name}.yaml").write_text(content)
    landing = Landing(storage.settings.landing)
    landing.write("persona", "2026-05-31", prompts())
    landing.write("agent_runs", "2026-05-31", runs())
    land_and_compute(storage, "records", "rollups", "series", "costs", "credits")
