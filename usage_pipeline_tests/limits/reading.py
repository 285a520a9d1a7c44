"""What acme and globex used from 18 to 21 May 2026, and short ways to write limits and read how they stand."""

from datetime import datetime
from pathlib import Path

from usage_pipeline.limits.read_status import read_status
from usage_pipeline.limits.status import LimitStatus
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.support import Landing, prompt

PRICES = """
- {id: x, provider: openai, model: x, from: 2026-01-01, prices: {input: "1000000", output: "0"}, source: https://x.example}
"""
"""A token of the model x costs a dollar; the model y has no price."""
RATES = '- {from: 2026-01-01, operations: {persona_prompt: {per_1k_tokens: {default: "500"}}}}'
"""A token of a prompt costs half a credit; other operations have no rate."""
TENANTS = "acme: {billing_anchor_day: 20, plans: [{from: 2026-01-01, plan: free}]}\ninitech: {}\n"
PLANS = (
    'free: {retention_days: 90, monthly_credits: "100"}\npro: {retention_days: 90, overage: allow}\ndefault: pro\n'
)


def write_usage(reference: Path, landing: Landing) -> None:
    """Write reference files, and the log: tokens of acme's members by day, and 1,000 of globex on the 19th."""
    reference.mkdir(parents=True, exist_ok=True)
    for name, text in {"prices": PRICES, "credit_rates": RATES, "tenants": TENANTS, "plans": PLANS}.items():
        (reference / f"{name}.yaml").write_text(text)
    written = {
        "2026-05-18": [_used("a1", 18, 100, "ann"), _used("b1", 18, 50, "bob")],
        "2026-05-19": [
            _used("a2", 19, 60, "ann"),
            _used("b2", 19, 10, "bob", modelName="y"),
            _used("g1", 19, 1000, "ann", tenantId="globex", conversationId="c1"),
        ],
        "2026-05-20": [_used("a3", 20, 40, "ann"), _used("n1", 20, 0, None, event="persona_list", modelName=None)],
        "2026-05-21": [_used("a4", 21, 5, "ann", project="red")],
    }
    for day, lines in written.items():
        landing.write("persona", day, lines)


def _used(record_id: str, day: int, tokens: int, member: str | None, **fields: object) -> dict[str, object]:
    line = {"userId": member, "modelName": "x", "tokensIn": tokens, "tokensOut": 0}
    return prompt(record_id, f"2026-05-{day}T08:00:00Z", **{**line, **fields})


def limit(metric: str, amount: object, period: str = "month", **keys: object) -> str:
    """An entry of `limits.yaml` of acme, whose id is its metric, unless it is said otherwise."""
    written: dict[str, object] = {
        "id": metric,
        "tenant": "acme",
        "metric": metric,
        "amount": f'"{amount}"',
        "period": period,
        **keys,
    }
    return "- {" + ", ".join(f"{name}: {value}" for name, value in written.items()) + "}\n"


def status(storage: Storage, *entries: str, at: datetime | None = None) -> list[LimitStatus]:
    """How the limits of these entries stand."""
    write_limits(storage, *entries)
    return read_status(storage, at)


def write_limits(storage: Storage, *entries: str) -> None:
    """Let these entries be all limits."""
    (storage.settings.reference / "limits.yaml").write_text("".join(entries))
