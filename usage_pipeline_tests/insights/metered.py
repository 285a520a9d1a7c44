"""A source for tests whose lines have all that insights look at."""

from pathlib import Path
from typing import Any

FORMAT = """
description: Prompts with all that can be measured, for tests.
format: jsonl
identity: [$.id]
tenant: $.tenant
type: {constant: prompt}
times:
  occurred_at: {field: $.time, format: iso}
fields:
  model: $.model
  tokens_in: $.tokens_in
  tokens_out: $.tokens_out
  latency_ms: $.latency_ms
  status: $.status
  conversation_id: $.conversation_id
  member_id: $.member
  project: $.project
  feature: $.feature
  reported_cost: $.cost
  currency: {constant: USD}
"""
PRICES = """
- {id: x, provider: openai, model: x, from: 2026-01-01, prices: {input: "1000000", output: "0"}, source: https://x.example}
"""
"""A token of the model x costs a dollar; the model y has no price."""
RATES = '- {from: 2026-01-01, operations: {prompt: {per_1k_tokens: {default: "500"}}}}'
"""A token costs half a credit."""


def write_format(folder: Path) -> Path:
    """The folder, with the format `metered` in it."""
    folder.mkdir()
    (folder / "metered.yaml").write_text(FORMAT)
    return folder


def metered(record_id: str, day: int, tokens_in: int, tenant: str = "acme", **fields: object) -> dict[str, Any]:
    """A prompt of the model `x` in May 2026."""
    time = f"2026-05-{day:02}T08:00:00Z"
    return {"id": record_id, "tenant": tenant, "time": time, "model": "x", "tokens_in": tokens_in, **fields}
